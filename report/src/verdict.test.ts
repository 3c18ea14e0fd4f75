import { describe, expect, test } from 'vitest'
import { baselineReport, comparison, drafting, strategyReport, withBaseline } from './fixture'
import { baselineVerdict, equalityVerdict, speedVerdict, strategyVerdict } from './verdict'

const failed = strategyReport('medusa', { failed: { code: 'OUT_OF_MEMORY', message: 'too large', prompt: 1 } })

describe('the first line', () => {
  test('names the slower strategies before the faster ones, the fastest of these first', () => {
    const strategies = [
      strategyReport('plain'),
      drafting('mtp', 1.1),
      drafting('eagle3', 1.3),
      drafting('lookup', 0.45),
    ]
    expect(speedVerdict(comparison({ strategies }))).toBe(
      'Slower than plain decoding: lookup (0.45×); faster: eagle3 (1.30×) and mtp (1.10×).',
    )
  })

  test('says slower of what rounds to 1.00 and is slower', () => {
    const row = drafting('lookup', 0.998)
    expect(speedVerdict(comparison({ strategies: [strategyReport('plain'), row] }))).toMatch(
      /^Slower .*lookup \(1\.00×\)/,
    )
    expect(strategyVerdict(row)).toMatch(/^slower than plain decoding: 1\.00 times .*some prompts faster, some slower/)
  })

  test('tells of failures, and of nothing to tell', () => {
    expect(speedVerdict(comparison({ strategies: [strategyReport('plain'), failed] }))).toBe('failed: medusa.')
    expect(speedVerdict(comparison({ strategies: [strategyReport('plain')] }))).toMatch(/^Nothing was measured/)
  })
})

describe('where a baseline is the fastest plain decoding', () => {
  const report = withBaseline('plain in f16')
  const [fastest = null] = report.baselines ?? []
  const [plain, , eagle3] = report.strategies

  test('the first line is about that', () => {
    expect(speedVerdict(report)).toBe(
      'Slower than the fastest plain decoding (plain in f16): lookup (0.30×) and eagle3 (0.87×); faster: mtp (1.20×).',
    )
  })

  test('a strategy is held against both', () => {
    expect(eagle3 && strategyVerdict(eagle3, fastest)).toBe(
      'faster than plain decoding: 1.30 times its speed (middle half of the prompts 1.17 to 1.43); ' +
        'slower than plain in f16: 0.87 times its speed',
    )
    expect(plain && strategyVerdict(plain, fastest)).toBe(
      'what the others are measured against; slower than plain in f16: 0.67 times its speed',
    )
  })
})

describe('a baseline', () => {
  test('is held against plain', () => {
    expect(baselineVerdict(baselineReport('plain in f16', 1.5))).toBe(
      'faster than plain decoding: 1.50 times its speed (middle half of the prompts 1.35 to 1.65)',
    )
    expect(baselineVerdict(baselineReport('plain in f16', 1.5, { speedUp: null }))).toBe('no speed was measured')
  })

  test('that is slower leaves the first line as it is', () => {
    const baselines = [baselineReport('plain in f16', 0.8)]
    expect(speedVerdict(comparison({ fastestPlain: 'plain', baselines }))).toBe(speedVerdict(comparison()))
  })

  test('that failed is told with what it failed with', () => {
    const lost = baselineReport('plain in f16', 1.5, { failed: { code: null, message: 'lost', prompt: 0 } })
    const report = comparison({ fastestPlain: 'plain', baselines: [lost] })
    expect(baselineVerdict(lost)).toBe('failed: lost')
    expect(speedVerdict(report)).toMatch(/; failed: plain in f16\.$/)
    expect(equalityVerdict(report).at(-1)).toBe('plain in f16 failed at first and was left out from then on: lost')
  })
})

describe('the verdict on texts', () => {
  test('where all are equal', () => {
    expect(equalityVerdict(comparison())).toEqual([
      'Same text: every strategy gave exactly the tokens of plain decoding (2 prompts, 48 tokens each, 1 run of each).',
    ])
  })

  test('another text is a fault where the rule and the device promise the same', () => {
    const other = drafting('lookup', 1.2, {
      identical: false,
      difference: { prompt: 1, position: 4, plain: 7, found: null },
    })
    const report = comparison({ strategies: [strategyReport('plain'), other] })
    const [sum, where] = equalityVerdict(report)
    expect(sum).toMatch(/^DIFFERENT TEXT, which is a fault: lookup /)
    expect(where).toBe('lookup differs first at second, generated token 5: the end in place of token 7.')
    expect(equalityVerdict({ ...report, exact: false })[0]).toMatch(/^Different text: lookup /)
    expect(equalityVerdict({ ...report, guarantee: 'lossy' }).join(' ')).toContain('does not promise them: lossy')
  })

  test('a strategy that failed is told with what it failed with', () => {
    const sentences = equalityVerdict(comparison({ strategies: [strategyReport('plain'), failed] }))
    expect(sentences.at(-1)).toBe('medusa failed at second and was left out from then on: OUT_OF_MEMORY: too large')
  })
})
