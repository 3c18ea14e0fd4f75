import { afterEach, describe, expect, test, vi } from 'vitest'
import { OutriderError } from '../errors'
import type { AcceptanceRule } from '../spec'
import { compare } from './compare'
import { type Request, type Script, ScriptedEngine } from './fixtures/scripted-engine'
import type { CompareOptions } from './options'
import type { CompareReport } from './report'

afterEach(() => void vi.restoreAllMocks())

/** Six tokens, one a round of 10 ms: 100 tokens/s. */
const plain: Script = { rounds: [[1], [2], [3], [4], [5], [6]], ms: 10 }
/** The same six, in three rounds of 16 ms: 4 tokens in 32 ms, 125 tokens/s. */
const fast: Script = { rounds: [[1, 2], [3, 4, 5], [6]], ms: 16 }

function scripted(script: (request: Request) => Script, strategies = ['plain', 'drafter'], software = true) {
  const engine = new ScriptedEngine(strategies, script, software)
  vi.spyOn(performance, 'now').mockImplementation(() => engine.now)
  const run = (options: Partial<CompareOptions> = {}): Promise<CompareReport> =>
    compare(engine, { prompts: ['a', 'b', 'c', 'd'], maxTokens: 6, phasePrompts: 0, ...options })
  return { engine, run }
}

const byStrategy = ({ strategy }: Request): Script => (strategy === 'plain' ? plain : fast)

describe('speed', () => {
  test('is that of what comes after the first round, and the speed-up its geometric mean over prompts', async () => {
    // Prompt b takes the drafter four times as long.
    const { run } = scripted((request) =>
      request.prompt === 'b' && request.strategy === 'drafter' ? { ...fast, ms: 64 } : byStrategy(request),
    )
    const [base, drafter] = (await run()).strategies
    expect(base?.tokensPerSecond).toEqual({ median: 100, low: 100, high: 100, runs: 4 })
    expect(base?.speedUp).toBeNull()
    expect(base?.roundMs).toBe(10)
    expect(base?.firstTokenMs).toBe(110)
    expect(drafter?.prompts.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual([[125], [31.25], [125], [125]])
    expect(drafter?.tokensPerSecond?.median).toBe(125)
    expect(drafter?.tokensPerSecond?.low).toBeCloseTo(31.25 + (125 - 31.25) * 0.75, 9)
    expect(drafter?.speedUp?.geomean).toBeCloseTo((1.25 ** 3 * 0.3125) ** 0.25, 12)
    expect(drafter?.speedUp?.slower).toBe(true)
  })

  test('of a prompt is the median of its repeats', async () => {
    const slowOnce = new Set([9])
    let runs = 0
    const { run } = scripted((request) => {
      if (request.strategy === 'plain') return plain
      runs++
      return slowOnce.has(runs) ? { ...fast, ms: 1600 } : fast
    })
    const { strategies } = await run({ repeats: 3 })
    expect(strategies[1]?.prompts).toHaveLength(4)
    expect(strategies[1]?.tokensPerSecond?.runs).toBe(12)
    expect(strategies[1]?.speedUp).toEqual({ geomean: expect.closeTo(1.25, 9), low: 1.25, high: 1.25, slower: false })
  })

  test('is not given where the first round was all', async () => {
    const { run } = scripted(({ strategy }) =>
      strategy === 'plain' ? plain : { rounds: [[1, 2, 3, 4, 5, 6]], ms: 10 },
    )
    const drafter = (await run()).strategies[1]
    expect(drafter).toMatchObject({ tokensPerSecond: null, speedUp: null, roundMs: null, identical: true })
  })
})

describe('counts', () => {
  test('are summed over runs', async () => {
    const { run } = scripted(byStrategy)
    expect((await run()).strategies[1]).toMatchObject({
      tokens: 24,
      rounds: 12,
      drafts: 12,
      meanAcceptanceLength: 2,
      proposed: 36,
      evaluated: 36,
      accepted: 12,
      acceptedBy: { drafter: 12 },
      acceptanceByPosition: [8 / 12, 4 / 12],
      submitsPerRound: 1,
      readsPerRound: 1,
    })
  })

  test('are given by category, too', async () => {
    const { run } = scripted((request) =>
      request.prompt === 'b' && request.strategy === 'drafter' ? { ...plain, ms: 20 } : byStrategy(request),
    )
    const prompts = [{ prompt: 'a', category: 'maths' }, { prompt: 'b', category: 'code' }, 'c']
    const { strategies } = await run({ prompts })
    expect(strategies[1]?.categories).toEqual({
      maths: { prompts: 1, speedUp: 1.25, meanAcceptanceLength: 2 },
      code: { prompts: 1, speedUp: 0.5, meanAcceptanceLength: 1 },
    })
  })

  test('of phases come from generations of their own, spread over the prompts', async () => {
    const timed = { ...fast, phases: { draftMs: 6, verifyMs: 18 }, stats: { draftMs: 3 } }
    const { engine, run } = scripted((request) => (request.strategy === 'plain' ? plain : timed))
    const report = await run({ phasePrompts: 2 })
    const timings = engine.requests.filter((request) => request.timings)
    expect(timings.map(({ prompt, strategy }) => `${prompt} ${strategy}`).toSorted()).toEqual([
      'a drafter',
      'a plain',
      'c drafter',
      'c plain',
    ])
    // Of 16 ms a round, 2 on the device and 1 on the host draft, 6 verify.
    expect(report.strategies[1]?.phasesMs).toEqual({ draft: 3, verify: 6, host: 7 })
    expect(report.strategies[0]?.phasesMs).toBeNull()
    expect(report.strategies[1]?.rounds).toBe(12)
  })
})

describe('tokens', () => {
  test('that differ are reported with the first place', async () => {
    const { run } = scripted((request) =>
      request.prompt === 'c' && request.strategy === 'drafter'
        ? { ...fast, rounds: [[1, 2], [3, 9, 5], [6]] }
        : byStrategy(request),
    )
    const drafter = (await run()).strategies[1]
    expect(drafter?.identical).toBe(false)
    expect(drafter?.difference).toEqual({ prompt: 2, position: 3, plain: 4, found: 9 })
    expect(drafter?.prompts.map(({ identical }) => identical)).toEqual([true, true, false, true])
    expect(drafter?.prompts[2]?.ids).toEqual([1, 2, 3, 9, 5, 6])
  })

  test('that are missing differ', async () => {
    const { run } = scripted(({ strategy }) =>
      strategy === 'plain'
        ? plain
        : {
            ...fast,
            rounds: [
              [1, 2],
              [3, 4],
            ],
          },
    )
    expect((await run()).strategies[1]?.difference).toEqual({ prompt: 0, position: 4, plain: 5, found: null })
  })

  test('of plain decoding that change from run to run are noticed', async () => {
    let runs = 0
    const { run } = scripted(() => (++runs === 5 ? { ...plain, rounds: [[1], [7]] } : plain), ['plain'])
    expect((await run({ repeats: 2 })).strategies[0]).toMatchObject({
      identical: false,
      difference: { prompt: 1, position: 1, plain: 2, found: 7 },
    })
  })

  test('that differ only when they are timed are noticed', async () => {
    const { run } = scripted((request) =>
      request.timings && request.strategy === 'drafter' ? { ...fast, rounds: [[1], [8]] } : byStrategy(request),
    )
    expect((await run({ phasePrompts: 1 })).strategies[1]?.identical).toBe(false)
  })

  test('are not promised by every rule', async () => {
    const lossy: AcceptanceRule = {
      specVersion: 1,
      name: 'any',
      guarantee: 'lossy',
      host: { decide: () => ({ path: [], next: 0 }) },
    }
    const { engine, run } = scripted(byStrategy)
    const report = await run({ acceptance: lossy })
    expect(report).toMatchObject({ guarantee: 'lossy', settings: { acceptance: 'any' } })
    expect(engine.requests.every(({ acceptance }) => acceptance === lossy)).toBe(true)
    const carried = (one: CompareReport) => one.strategies.map(({ acceptance }) => acceptance)
    expect(carried(report)).toEqual([
      { name: 'any', guarantee: 'lossy' },
      { name: 'any', guarantee: 'lossy' },
    ])
    const usual = await run()
    expect(usual.guarantee).toBe('same-tokens')
    expect(carried(usual)).toEqual([
      { name: 'exact', guarantee: 'same-tokens' },
      { name: 'exact', guarantee: 'same-tokens' },
    ])
  })
})

describe('order', () => {
  const runsThatCount = (engine: ScriptedEngine, warmUp: number) =>
    engine.requests.slice(warmUp).map(({ prompt, strategy }) => `${prompt} ${strategy}`)

  test('is prompt by prompt, and another for each', async () => {
    const { engine, run } = scripted(() => plain, ['plain', 'x', 'y', 'z'])
    await run({ strategies: ['z', 'x'], prompts: ['a', 'b', 'c'] })
    expect(engine.requests.slice(0, 3).map(({ strategy }) => strategy)).toEqual(['plain', 'z', 'x'])
    expect(runsThatCount(engine, 3)).toEqual([
      'a plain', 'a z', 'a x',
      'b z', 'b x', 'b plain',
      'c x', 'c plain', 'c z',
    ]) // biome-ignore format: a line a prompt
  })

  test('begins with a warm-up: a software device runs little', async () => {
    const { engine, run } = scripted(byStrategy)
    await run({ maxTokens: 50, prompts: ['a'] })
    expect(engine.requests.map(({ maxTokens }) => maxTokens)).toEqual([16, 16, 50, 50])
    expect(engine.costs).toBe(0)
  })

  test('begins with a warm-up: a GPU decodes until its clock is up and compiles every size', async () => {
    const { engine, run } = scripted(byStrategy, ['plain', 'drafter'], false)
    await run({ prompts: ['a'] })
    // 160 ms a run of plain: four make more than 500 ms.
    expect(engine.requests.map(({ strategy }) => strategy)).toEqual([
      'plain', 'drafter', 'plain', 'plain', 'plain', 'plain', 'plain', 'drafter',
    ]) // biome-ignore format: one after the other
    expect(engine.costs).toBe(1)
  })

  test('is told as it goes', async () => {
    const { run } = scripted(byStrategy)
    const seen: string[] = []
    await run({
      prompts: ['a', 'b'],
      onProgress: ({ done, total, strategy, prompt, result }) =>
        seen.push(`${done}/${total} ${prompt} ${strategy} ${result?.ids.length}`),
    })
    expect(seen).toEqual(['1/4 0 plain 6', '2/4 0 drafter 6', '3/4 1 drafter 6', '4/4 1 plain 6'])
  })
})

describe('failures', () => {
  const broken = new OutriderError('STRATEGY_FAILED', 'it broke')

  test('of a strategy leave it out from then on; the others go on', async () => {
    const { engine, run } = scripted(
      (request) =>
        request.prompt === 'b' && request.strategy === 'x' ? { ...fast, error: broken } : byStrategy(request),
      ['plain', 'x', 'y'],
    )
    const seen: (string | undefined)[] = []
    const { strategies } = await run({ onProgress: ({ strategy, result }) => seen.push(result ? undefined : strategy) })
    expect(strategies[1]?.failed).toEqual({ code: 'STRATEGY_FAILED', message: 'it broke', prompt: 1 })
    expect(strategies[1]?.prompts).toHaveLength(1)
    expect(strategies[2]).toMatchObject({ failed: null, identical: true })
    expect(strategies[2]?.prompts).toHaveLength(4)
    expect(engine.requests.filter(({ strategy }) => strategy === 'x').map(({ prompt }) => prompt)).toEqual([
      'a',
      'a',
      'b',
    ])
    expect(seen.filter(Boolean)).toEqual(['x', 'x', 'x'])
  })

  test('in the warm-up count, with whatever is thrown', async () => {
    const { run } = scripted((request) =>
      request.strategy === 'drafter' ? { ...fast, error: new TypeError('no') } : plain,
    )
    const drafter = (await run()).strategies[1]
    expect(drafter?.failed).toEqual({ code: null, message: 'no', prompt: 0 })
    expect(drafter).toMatchObject({ identical: false, meanAcceptanceLength: 0, tokensPerSecond: null, prompts: [] })
  })

  test.each(['DEVICE_LOST', 'DISPOSED', 'ABORTED'] as const)('%s ends it', async (code) => {
    const { run } = scripted((request) =>
      request.strategy === 'drafter' ? { ...fast, error: new OutriderError(code, 'gone') } : plain,
    )
    await expect(run()).rejects.toMatchObject({ code })
  })

  test('of the baseline end it', async () => {
    const { run } = scripted((request) => (request.strategy === 'plain' ? { ...plain, error: broken } : fast))
    await expect(run()).rejects.toBe(broken)
  })

  test('by the signal end it between runs', async () => {
    const { engine, run } = scripted(byStrategy)
    const abort = new AbortController()
    const onProgress = ({ done }: { done: number }) => {
      if (done === 3) abort.abort('enough')
    }
    await expect(run({ signal: abort.signal, onProgress })).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(engine.requests).toHaveLength(2 + 3)
    expect(engine.requests.every(({ signal }) => signal === abort.signal)).toBe(true)
  })

  test('of the request are refused before anything runs', async () => {
    const { engine, run } = scripted(byStrategy)
    const wrong: readonly Partial<CompareOptions>[] = [
      { prompts: [] },
      { maxTokens: 1 },
      { repeats: 0 },
      { phasePrompts: -1 },
      { warmUpMs: Number.NaN },
    ]
    for (const options of wrong) await expect(run(options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await expect(run({ strategies: ['eagel'] })).rejects.toMatchObject({ code: 'STRATEGY_UNKNOWN' })
    await expect(run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(engine.requests).toEqual([])
  })
})

test('a report is plain JSON', async () => {
  const { run } = scripted(byStrategy)
  const prompts = ['a', [1, 2], { prompt: 'c', name: 'third', category: 'maths' }]
  const report = await run({ cost: true, title: 'tiny', phasePrompts: 1, prompts })
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  expect(report).toMatchObject({ format: 1, title: 'tiny', exact: true, cost: { rows: [1, 2, 4, 8] } })
  expect(report.prompts).toEqual([
    { name: 'prompt 1', category: null, tokens: 9, ids: [1, 2, 3, 4, 5, 6] },
    { name: 'prompt 2', category: null, tokens: 9, ids: [1, 2, 3, 4, 5, 6] },
    { name: 'third', category: 'maths', tokens: 9, ids: [1, 2, 3, 4, 5, 6] },
  ])
})
