import { describe, expect, test, vi } from 'vitest'
import { exact } from '../accept'
import { OutriderError } from '../errors'
import { compare } from './compare'
import { type Request, type Script, ScriptedEngine } from './fixtures/scripted-engine'
import type { CompareOptions } from './options'
import type { CompareReport } from './report'
import { compareMarkdown, compareTable } from './table'

const plain: Script = { rounds: [[1], [2], [3], [4], [5], [6]], ms: 10, phases: { draftMs: 0, verifyMs: 48 } }
const long = `firstOf(${'lookup:tokens=5,'.repeat(3)}eagle3)`

async function reportOf(
  script: (request: Request) => Script,
  { software = true, ...options }: Partial<CompareOptions> & { software?: boolean } = {},
  baseline?: ScriptedEngine,
): Promise<CompareReport> {
  const engine = new ScriptedEngine(['plain', 'quick', long], script, software)
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => engine.now + (baseline?.now ?? 0))
  try {
    return await compare(engine, { prompts: ['a', 'b'], maxTokens: 6, ...options })
  } finally {
    clock.mockRestore()
  }
}

const speeds = ({ strategy }: Request): Script =>
  strategy === 'quick' ? { rounds: [[1, 2], [3, 4, 5], [6]], ms: 16 } : strategy === long ? { ...plain, ms: 25 } : plain

describe('the table', () => {
  test('names the device first and says that software is no measure', async () => {
    expect(compareTable(await reportOf(speeds)).split('\n')[0]).toBe(
      'a script (scripted; arithmetic f32, cache f16): a software device, no measure of speed',
    )
    expect(compareTable(await reportOf(speeds, { software: false })).split('\n')[0]).not.toContain('software')
  })

  test('says slower when it is slower', async () => {
    const lines = compareTable(await reportOf(speeds)).split('\n')
    expect(lines.find((line) => line.startsWith('quick'))).toMatch(/ 125 .* 1\.25x faster .* identical$/)
    expect(lines.find((line) => line.startsWith('firstOf('))).toMatch(/… .* 0\.40x slower .* identical$/)
    expect(lines.find((line) => line.startsWith('plain'))).toMatch(/ 100 {2}.* - .* identical$/)
  })

  test('fits 140 columns', async () => {
    const report = await reportOf(speeds, { repeats: 2, cost: true })
    const wide = JSON.parse(JSON.stringify(report), (key, value) => {
      if (key === 'acceptanceByPosition') return new Array(20).fill(1)
      if (typeof value !== 'number') return value
      return ['rounds', 'drafts', 'proposed', 'evaluated', 'accepted'].includes(key) ? 123456 : value
    })
    for (const line of compareTable(wide).split('\n')) expect(line.length, line).toBeLessThanOrEqual(140)
    expect(compareTable(wide)).toContain('100 100 100 100 100 100 100 100 100 100 …')
  })

  test('says where tokens differ and what failed', async () => {
    const text = compareTable(
      await reportOf((request) => {
        if (request.strategy === 'quick') return { ...plain, rounds: [[1], [2], [9], [4], [5], [6]] }
        return request.strategy === long ? { ...plain, error: new OutriderError('OUT_OF_MEMORY', 'too large') } : plain
      }),
    )
    expect(text).toMatch(/^quick .* DIFFERENT$/m)
    expect(text).toContain('quick differs from plain first at prompt 1, generated token 3: token 9 in place of token 3')
    expect(text).toMatch(/^firstOf.* FAILED$/m)
    expect(text).toContain('failed at prompt 1 and was left out from then on: OUT_OF_MEMORY: too large')
  })

  test('says what a device without a clock, an inexact one and a lossy rule mean', async () => {
    const report = await reportOf((request) => ({ ...speeds(request), phases: null }))
    expect(compareTable(report)).toContain('no times of its own')
    expect(compareTable(await reportOf(speeds))).not.toContain('no times of its own')
    expect(compareTable({ ...report, exact: false })).toContain('texts may differ')
    expect(compareTable({ ...report, guarantee: 'lossy' })).toContain("does not promise plain decoding's tokens")
  })

  test('does not call another text a fault where the rule is lossy', async () => {
    const wrong = (request: Request): Script =>
      request.strategy === 'quick' ? { ...plain, rounds: [[1], [2], [9], [4], [5], [6]] } : plain
    const acceptance = { ...exact, name: 'any', guarantee: 'lossy' } as const
    const text = compareTable(await reportOf(wrong, { acceptance }))
    expect(text).toMatch(/^quick .* lossy$/m)
    expect(text).toContain('rule any (lossy)')
    expect(compareTable(await reportOf(wrong))).toMatch(/^quick .* DIFFERENT$/m)
  })

  test('gives the cost curve by ratios', async () => {
    expect(compareTable(await reportOf(speeds, { cost: true }))).toContain(
      'A verify pass costs 2.00 ms; of m rows, times that: 1: 1.00, 2: 1.10, 4: 1.20, 8: 1.50',
    )
    const cost = { rows: [1, 2, 4], ms: [2, 3, 4], measured: [1, 4], tookMs: 312.4 }
    expect(compareTable({ ...(await reportOf(speeds)), cost })).toContain(
      'of m rows, times that: 1: 1.00, 2: 1.50, 4: 2.00 (measured in 312 ms; 2 reckoned from the others)',
    )
  })
})

describe('baselines', () => {
  const name = 'plain in f16'
  const withBaseline = (ms: number, own: Partial<Script> = {}) => {
    const baseline = new ScriptedEngine(['plain'], () => ({ ...plain, ms, ...own }), true, 'f16')
    return reportOf(speeds, { baselines: [{ name, engine: baseline }] }, baseline)
  }

  test('stand right below plain, and where one is the fastest all are held against it', async () => {
    const report = await withBaseline(5)
    const shown = 'firstOf(lookup:tokens=5,lookup:…'
    const text = compareTable(report)
    const [, speed, fastest, acceptance, remarks] = text.split('\n\n').map((table) => table.split('\n'))
    expect(speed?.map((line) => line.split(/ {2,}/)[0])).toEqual(['strategy', 'plain', name, 'quick', shown])
    expect(speed?.[2]).toMatch(/^plain in f16 +200 .* 2\.00x faster .* not compared$/)
    expect(fastest).toEqual([
      'strategy                          against plain in f16  quartiles',
      'plain                                     0.50x slower  0.50-0.50',
      'quick                                     0.63x slower  0.63-0.63',
      `${shown}          0.20x slower  0.20-0.20`,
    ])
    expect(acceptance?.some((line) => line.startsWith(name))).toBe(false)
    expect(remarks?.[0]).toBe(
      "plain in f16 is plain decoding in arithmetic f16, cache f16: the fastest plain decoding, 2.00 times plain's speed",
    )
    expect(compareMarkdown(report)).toContain('| strategy | against plain in f16 | quartiles |')
  })

  test('that are slower add rows and remarks only', async () => {
    const report = await withBaseline(20)
    const text = compareTable(report)
    expect(text).toMatch(/^plain in f16 +50\.0 .* 0\.50x slower .* not compared$/m)
    expect(text).toMatch(/^plain in f16 is plain decoding in arithmetic f16, cache f16$/m)
    expect(text).not.toContain('against plain in f16')
    const environment = { ...report.environment, device: 'another' }
    expect(compareTable({ ...report, environment })).toMatch(/, cache f16 on a script \(scripted\)$/m)
  })

  test('that fail say so', async () => {
    const text = compareTable(await withBaseline(5, { error: new OutriderError('OUT_OF_MEMORY', 'too large') }))
    expect(text).toMatch(/^plain in f16 .* FAILED$/m)
    expect(text).toContain('plain in f16 failed at prompt 1 and was left out from then on: OUT_OF_MEMORY: too large')
  })

  test('fit 140 columns, whatever they are called', async () => {
    const named = JSON.stringify(await withBaseline(5)).replaceAll(name, 'n'.repeat(60))
    const wide = JSON.parse(named, (key, value) =>
      key === 'tokensPerSecond' && value.runs ? { median: 12345, low: 12345, high: 12345, runs: 2 } : value,
    )
    const tables = compareTable(wide).split('\n\n').slice(0, -1).join('\n')
    for (const line of tables.split('\n')) expect(line.length, line).toBeLessThanOrEqual(140)
  })
})

test('Markdown has the same cells, in pipes', async () => {
  const report = await reportOf(speeds)
  const lines = compareMarkdown({ ...report, title: 'tiny' }).split('\n')
  expect(lines).toContain(
    '| strategy | tokens/s | quartiles | against plain | quartiles | ms/round | draft | verify | host | first ms | text |',
  )
  expect(lines.find((line) => line.startsWith('| quick | 125'))).toContain('| 1.25x faster | 1.25-1.25 |')
  expect(lines.some((line) => line.startsWith(`| ${long} |`))).toBe(true)
  expect(lines[0]).toContain('tiny: 2 layers')
})
