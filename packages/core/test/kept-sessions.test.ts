import { adaptive, type Engine, type GenerateOptions, OutriderError, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { FaultyBackend } from './support/faulty-backend'
import { pairsOnDevice } from './support/pair-processors'
import { oracle, randomTrees, strategyOf } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const others = [[4], Array.from({ length: 90 }, (_, i) => (i * 7) % 61), [5, 9]]
const folder = await writeTinyModel({ seed: 3 })
const { ids } = await (await engineOn(folder)).complete(prompt, { maxTokens: 40, ignoreEos: true })
const text = [...prompt, ...ids]

/** Says that it may be taken over, and counts how often it was begun. */
function lasting(): { readonly strategy: Strategy; readonly begun: () => number } {
  let begun = 0
  const inner = onDevice(oracle(text, 3, 'lasting'), true)
  const strategy: Strategy = {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...loaded,
        start: (session) => {
          begun++
          return { ...loaded.start(session), reusable: true }
        },
      }
    },
  }
  return { strategy, begun: () => begun }
}

const strategies = () => [
  oracle(text, 3),
  onDevice(randomTrees(61, 20, 1, text), false),
  lasting().strategy,
  strategyOf('failing', ({ tokens }) => ({
    propose: () => {
      if (tokens.length > 12) throw new Error('no idea')
      return null
    },
  })),
]

const samplings: readonly GenerateOptions[] = [
  {},
  { temperature: 0.9, seed: 4, frequencyPenalty: 0.3, logitBias: { 7: 1.5 } },
  { temperature: 0.8, seed: 5, topP: 0.9, logProbs: true },
]

/** Ids and, to the bit, what is known of them. */
async function told(engine: Engine, tokens: readonly number[], options: GenerateOptions) {
  const { stats, ...rest } = await engine.complete(tokens, { maxTokens: 20, ignoreEos: true, ...options })
  const { rounds, prefilled, proposed, accepted } = stats
  return JSON.stringify([
    rest.ids,
    rest.tokens,
    rounds,
    prefilled,
    options.strategy !== 'trees' && [proposed, accepted],
  ])
}

describe.each(['plain', 'oracle', 'random trees', 'lasting'])('%s', (strategy) => {
  test.each([1, 3])('generations in sessions that are taken over, %i at most, are those in new ones', async (keep) => {
    const fresh = await engineOn(folder, { strategies: strategies(), keepSessions: 0 })
    const engine = await engineOn(folder, { strategies: strategies(), keepSessions: keep })
    const requests = samplings.map((sampling) => ({ ...sampling, strategy }))
    const wanted: string[] = []
    for (const options of requests) wanted.push(await told(fresh, prompt, options))
    for (let turn = 0; turn < 2; turn++)
      for (const [at, options] of requests.entries()) {
        expect(await told(engine, prompt, options)).toBe(wanted[at])
        await told(engine, others[at] as number[], requests[(at + turn) % 3] as GenerateOptions)
        for await (const _ of engine.generate(prompt, options)) break
        expect(await told(engine, prompt, options)).toBe(wanted[at])
        const stop = new AbortController()
        const error = await failure(async () => {
          for await (const _ of engine.generate(prompt, { ...options, signal: stop.signal })) stop.abort()
        })
        expect(error.code).toBe('ABORTED')
        await failure(() => engine.complete(prompt, { strategy: 'failing' }))
        await told(engine, prompt, { strategy: 'oracle' })
      }
    const both = await Promise.all(requests.map((options) => told(engine, prompt, options)))
    expect(both).toEqual(wanted)
  })
})

test('a generation like one before records nothing and allocates nothing', async () => {
  const faulty = new FaultyBackend()
  const { strategy, begun } = lasting()
  const engine = await engineOn(folder, { backend: faulty.backend, strategies: [strategy, oracle(text, 3)] })
  for (const name of ['plain', 'lasting', 'oracle']) {
    const options = { strategy: name, maxTokens: 20, ignoreEos: true }
    const before = begun()
    const first = await engine.complete(prompt, options)
    faulty.restart(null)
    const { liveBytes } = engine.backend.stats
    const second = await engine.complete(prompt, options)
    expect(faulty.counts).toMatchObject({ program: 0, tensor: 0 })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    expect(second.ids).toEqual(first.ids)
    expect(second.stats.rounds).toBe(first.stats.rounds)
    expect(begun() - before).toBe(name === 'lasting' ? 1 : 0)
  }
})

test('adaptive begins anew in a session that is taken over, and records nothing', async () => {
  const faulty = new FaultyBackend()
  const cost = { rows: [1, 4, 16], ms: [1, 1.1, 3] }
  const strategy = adaptive(lasting().strategy, { cost })
  const engine = await engineOn(folder, { backend: faulty.backend, strategies: [strategy] })
  const options = { strategy: strategy.name, maxTokens: 20, ignoreEos: true }
  const first = await engine.complete(prompt, options)
  faulty.restart(null)
  const second = await engine.complete(prompt, options)
  expect(faulty.counts).toMatchObject({ program: 0, tensor: 0 })
  const { rounds, proposed, accepted, report } = first.stats
  expect(proposed).toBeGreaterThan(0)
  expect(second.stats).toMatchObject({ rounds, proposed, accepted, report })
  expect(second.ids).toEqual(first.ids)
})

/** Bytes of the device at most and in the end, beyond the engine's own, of generations one after the other, then two at once. */
async function bytes(keepSessions: number) {
  const engine = await engineOn(folder, { strategies: strategies(), keepSessions })
  const own = engine.backend.stats.liveBytes
  const run = (strategy: string) => engine.complete(prompt, { strategy, maxTokens: 10, ignoreEos: true })
  const held: number[] = []
  for (const strategy of ['plain', 'oracle', 'plain', 'oracle']) {
    await run(strategy)
    held.push(engine.backend.stats.liveBytes - own)
  }
  const peak = engine.backend.stats.peakBytes - own
  await Promise.all([run('plain'), run('oracle')])
  return { engine, own, peak, held, after: engine.backend.stats.liveBytes - own }
}

test('no more than `keepSessions` are held', async () => {
  const [none, one, two] = [await bytes(0), await bytes(1), await bytes(2)]
  expect([...none.held, none.after]).toEqual([0, 0, 0, 0, 0])
  const [session = 0] = one.held
  expect(session).toBeGreaterThan(0)
  expect(one.held.every((each) => each < 1.2 * session)).toBe(true)
  expect(one.after).toBeLessThan(1.2 * session)
  expect(one.peak).toBe(none.peak)
  expect(two.held.slice(1).every((each) => each > 1.8 * session && each < 2.4 * session)).toBe(true)
  expect(two.after).toBeGreaterThan(1.8 * session)
  for (const { engine } of [one, two]) {
    await engine.dispose()
    expect(engine.backend.stats.liveBytes).toBe(0)
  }
})

test('strategies that come and go find the device free', async () => {
  const { engine, own } = await bytes(2)
  await engine.removeStrategy('random trees')
  expect(engine.backend.stats.liveBytes).toBe(own)
  await engine.complete(prompt, { maxTokens: 3 })
  await engine.addStrategy(oracle(text, 2, 'late'))
  expect(engine.backend.stats.liveBytes).toBe(own)
})

test('sessions that processors left something in are freed', async () => {
  const engine = await engineOn(folder)
  const { liveBytes } = engine.backend.stats
  await engine.complete(prompt, { processors: [pairsOnDevice], maxTokens: 4 })
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})

test('a device without room for a session is asked again without the idle ones', async () => {
  const full = new OutriderError('OUT_OF_MEMORY', 'no room, as this test wants it')
  const faulty = Object.assign(new FaultyBackend(), { error: full })
  const engine = await engineOn(folder, { backend: faulty.backend, strategies: strategies(), keepSessions: 2 })
  const options = { strategy: 'oracle', maxTokens: 20, ignoreEos: true }
  await engine.complete(prompt, { maxTokens: 3 })
  faulty.restart({ call: 'submit', at: 1 })
  expect((await engine.complete(prompt, options)).ids).toEqual(ids.slice(0, 20))
  faulty.restart({ call: 'submit', at: 1, lasting: true })
  await expect(engine.complete(prompt, options)).rejects.toBe(full)
  faulty.restart(null)
  expect((await engine.complete(prompt, options)).ids).toEqual(ids.slice(0, 20))
})

test.each([-1, 1.5, Number.NaN])('keepSessions: %f is refused', async (keepSessions) => {
  expect(await failure(() => engineOn(folder, { keepSessions }))).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('keepSessions'),
  })
})
