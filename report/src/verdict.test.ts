import { describe, expect, test } from 'vitest'
import { comparison, drafting, strategyReport } from './fixture'
import { equalityVerdict, speedVerdict, strategyVerdict } from './verdict'

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
