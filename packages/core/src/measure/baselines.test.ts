import { afterEach, describe, expect, test, vi } from 'vitest'
import { OutriderError } from '../errors'
import type { CompareBaseline } from './comparable'
import { compare } from './compare'
import { type Request, type Script, ScriptedEngine } from './fixtures/scripted-engine'
import type { CompareOptions } from './options'
import type { CompareReport } from './report'

afterEach(() => void vi.restoreAllMocks())

/** Six tokens, one a round of 10 ms: 100 tokens/s. */
const plain: Script = { rounds: [[1], [2], [3], [4], [5], [6]], ms: 10 }
/** The same six, in three rounds of 16 ms: 125 tokens/s. */
const drafted: Script = { rounds: [[1, 2], [3, 4, 5], [6]], ms: 16 }

const byStrategy = ({ strategy }: Request): Script => (strategy === 'plain' ? plain : drafted)

/** An engine with a drafter, and another for each baseline, all on one clock. */
function scripted(baselines: Readonly<Record<string, (request: Request) => Script>>, software = true) {
  const log: string[] = []
  const noting =
    (name: string, script: (request: Request) => Script) =>
    (request: Request): Script => {
      log.push(`${request.prompt} ${name}`)
      return script(request)
    }
  const engine = new ScriptedEngine(
    ['plain', 'drafter'],
    (request) => noting(`${request.strategy}`, byStrategy)(request),
    software,
  )
  const others = Object.entries(baselines).map(([name, script]) => ({
    name,
    engine: new ScriptedEngine(['plain'], noting(name, script), software, 'f16'),
  }))
  const engines = [engine, ...others.map((other) => other.engine)]
  vi.spyOn(performance, 'now').mockImplementation(() => engines.reduce((sum, { now }) => sum + now, 0))
  const run = (options: Partial<CompareOptions> = {}): Promise<CompareReport> =>
    compare(engine, { prompts: ['a', 'b'], maxTokens: 6, phasePrompts: 0, baselines: others, ...options })
  return { engine, others, log, run }
}

const at = (ms: number) => (): Script => ({ ...plain, ms })

describe('the fastest plain decoding', () => {
  test('is a baseline that is faster, and everything is held against it prompt by prompt', async () => {
    // 200 tokens/s at prompt a, 125 at prompt b.
    const quick = ({ prompt }: Request): Script => ({ ...plain, ms: prompt === 'a' ? 5 : 8 })
    const report = await scripted({ slow: at(20), quick }).run()
    const [slow, fast] = report.baselines ?? []
    const [base, drafter] = report.strategies
    expect(report.fastestPlain).toBe('quick')
    expect(fast?.speedUp).toEqual({ geomean: expect.closeTo(2.5 ** 0.5, 12), low: 1.4375, high: 1.8125, slower: false })
    expect(fast?.againstFastest).toBeNull()
    expect(slow?.againstFastest).toMatchObject({ geomean: expect.closeTo(0.1 ** 0.5, 12), slower: true })
    expect(base).toMatchObject({ speedUp: null, againstFastest: { geomean: expect.closeTo(0.4 ** 0.5, 12) } })
    expect(drafter?.speedUp).toMatchObject({ geomean: expect.closeTo(1.25, 12), slower: false })
    expect(drafter?.againstFastest).toEqual({
      geomean: expect.closeTo(0.625 ** 0.5, 12),
      low: 0.71875,
      high: 0.90625,
      slower: true,
    })
  })

  test('is plain where no baseline is faster', async () => {
    const { fastestPlain, strategies, baselines } = await scripted({ same: at(10), slow: at(20) }).run()
    expect(fastestPlain).toBe('plain')
    expect(strategies[0]?.againstFastest).toBeNull()
    expect(strategies[1]?.againstFastest).toEqual(strategies[1]?.speedUp)
    expect(baselines?.map(({ againstFastest }) => againstFastest?.geomean)).toEqual([1, 0.5])
  })

  test('is told only where there are others', async () => {
    const { run } = scripted({})
    for (const report of [await run(), await run({ baselines: [] })]) {
      expect(Object.keys(report)).not.toContain('baselines')
      expect(Object.keys(report)).not.toContain('fastestPlain')
      expect(report.strategies.every((row) => !('againstFastest' in row))).toBe(true)
    }
  })
})

describe('a baseline', () => {
  test('is reported with its device, its speed and every prompt, as plain JSON', async () => {
    const timed = { ...plain, ms: 8, phases: { draftMs: 0, verifyMs: 30 } }
    const report = await scripted({ quick: () => timed }).run({ phasePrompts: 1, repeats: 2 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report.baselines).toEqual([
      {
        name: 'quick',
        environment: expect.objectContaining({ name: 'scripted', arithmetic: 'f16' }),
        failed: null,
        tokensPerSecond: { median: 125, low: 125, high: 125, runs: 4 },
        speedUp: { geomean: expect.closeTo(1.25, 12), low: 1.25, high: 1.25, slower: false },
        againstFastest: null,
        roundMs: 8,
        phasesMs: { draft: 0, verify: 5, host: 3 },
        firstTokenMs: 108,
        prompts: Array(2).fill({ tokensPerSecond: [125, 125], firstTokenMs: [108, 108], speedUp: 1.25 }),
      },
    ])
  })

  test('may give another text', async () => {
    const { strategies, baselines } = await scripted({ other: () => ({ ...plain, rounds: [[7], [8], [9]] }) }).run()
    expect(strategies.every(({ identical }) => identical)).toBe(true)
    expect(baselines?.[0]).toMatchObject({ failed: null, tokensPerSecond: { median: 100 } })
  })

  test('decodes in turn with the strategies, by plain decoding and as they are asked to', async () => {
    const { log, others, engine, run } = scripted({ x: at(10) })
    const seen: string[] = []
    const { signal } = new AbortController()
    await run({
      prompts: ['a', 'b', 'c'],
      signal,
      onProgress: ({ done, total, strategy }) => seen.push(`${done}/${total} ${strategy}`),
    })
    expect(log).toEqual([
      'a plain', 'a x', 'a drafter',
      'a plain', 'a x', 'a drafter',
      'b x', 'b drafter', 'b plain',
      'c drafter', 'c plain', 'c x',
    ]) // biome-ignore format: a line a prompt
    expect(seen.slice(0, 3)).toEqual(['1/9 plain', '2/9 x', '3/9 drafter'])
    expect(others[0]?.engine.requests).toHaveLength(4)
    expect(others[0]?.engine.requests[0]).toEqual(engine.requests[0])
    expect(engine.requests[0]).toMatchObject({ strategy: 'plain', signal })
  })

  test('on a GPU has its passes compiled before the clock counts', async () => {
    const { others, engine, run } = scripted({ x: at(10) }, false)
    await run()
    expect([engine.costs, others[0]?.engine.costs]).toEqual([1, 1])
    const soft = scripted({ x: at(10) })
    await soft.run({ cost: true })
    expect([soft.engine.costs, soft.others[0]?.engine.costs]).toEqual([1, 0])
  })
})

describe('a baseline that fails', () => {
  test.each(['OUT_OF_MEMORY', 'DEVICE_LOST', 'DISPOSED'] as const)(
    'with %s is left out, and not the fastest',
    async (code) => {
      const error = new OutriderError(code, 'it broke')
      const quick = ({ prompt }: Request): Script => ({ ...plain, ms: 5, ...(prompt === 'b' && { error }) })
      const { log, run } = scripted({ quick, slow: at(20) })
      const { baselines, strategies, fastestPlain } = await run({ prompts: ['a', 'b', 'c'] })
      expect(baselines?.[0]).toMatchObject({
        failed: { code, message: 'it broke', prompt: 1 },
        speedUp: { geomean: 2 },
      })
      expect(baselines?.[0]?.prompts).toHaveLength(1)
      expect(log.filter((line) => line.endsWith('quick'))).toEqual(['a quick', 'a quick', 'b quick'])
      expect(fastestPlain).toBe('plain')
      expect(baselines?.[1]?.failed).toBeNull()
      expect(strategies.every(({ failed }) => failed === null)).toBe(true)
    },
  )

  test('since all was called off ends it', async () => {
    const aborted = new OutriderError('ABORTED', 'enough')
    await expect(scripted({ x: () => ({ ...plain, error: aborted }) }).run()).rejects.toBe(aborted)
  })
})

test.each([
  [['plain'], 'compare: give the baseline "plain" another name: a strategy has this one'],
  [['drafter'], 'compare: give the baseline "drafter" another name: a strategy has this one'],
  [['x', 'y', 'x'], 'compare: give the baseline "x" another name: another baseline has this one'],
])('names %j are refused before anything runs', async (names, message) => {
  const { engine, log, run } = scripted({})
  const baselines: readonly CompareBaseline[] = names.map((name) => ({ name, engine }))
  await expect(run({ baselines, strategies: [] })).rejects.toMatchObject({ code: 'INVALID_OPTION', message })
  expect(log).toEqual([])
})
