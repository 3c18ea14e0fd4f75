import { type AcceptanceRule, block, chain, exact, type HostAcceptance, rejection, typical } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { SAMPLING } from '@outrider/core/spec'
import { describe, expect, test } from 'vitest'
import { rejectionPath } from '../src/accept/rejection-path'
import { engineOn } from './support/engines'
import { brokenRules } from './support/host-rules'
import { exactLanes } from './support/judged-lanes'
import { fault, laneFault, type Pair, pairs, type Shape, treeOf } from './support/monte-carlo'
import { randomTrees, strategyOf } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const draws = 200_000
const chainWithQ: Shape = { siblings: [1, 1, 1], says: true }
const shapes: Readonly<Record<string, Shape>> = {
  'chains with q': chainWithQ,
  'chains of point masses': { siblings: [1, 1, 1], says: false },
  'trees with q': { siblings: [3, 2], says: true },
  'trees of point masses': { siblings: [3, 2], says: false },
}

const host = (rule: AcceptanceRule): HostAcceptance => {
  if (!('host' in rule)) throw new Error(`${rule.name} decides on the device`)
  return rule.host
}
/** What the kernel of `rejection` is held to. */
const inLoops: HostAcceptance = { decide: rejectionPath }
/** On trees with branches `block` is `rejection`. */
const rules = [
  ['rejection', inLoops, Object.keys(shapes)],
  ['block', host(block), ['chains with q', 'chains of point masses']],
] as const

describe.each(rules)('%s', (_, rule, kinds) => {
  for (const [pair, laws] of Object.entries(pairs))
    for (const kind of kinds)
      test(`draws from the target, ${kind}, ${pair}`, () => {
        expect(fault(rule, laws, shapes[kind] as Shape, draws)).toBeNull()
      })
})

describe('exact, by its ops on the reference backend', () => {
  for (const [pair, laws] of Object.entries(pairs))
    test(`draws from the target, ${pair}`, async () => {
      const backend = referenceBackend()
      const shape = shapes['trees with q'] as Shape
      const judge = exactLanes(backend, { lanes: 64, parents: treeOf(shape), vocab: 5 })
      expect(await laneFault(judge, laws, shape, draws)).toBeNull()
      judge.dispose()
      expect(backend.stats.liveBytes).toBe(0)
    })
})

test('a rule that is lossy or wrong is found out', () => {
  const wrong = Object.values(brokenRules).flatMap(([rule, check]) => (check.startsWith('tokens have') ? [rule] : []))
  expect(wrong.length).toBeGreaterThanOrEqual(4)
  const laws = pairs['zero-mass draft tokens'] as Pair
  const kinds = [shapes['trees of point masses'] as Shape, chainWithQ]
  for (const rule of [typical(), ...wrong])
    expect(kinds.map((shape) => fault(host(rule), laws, shape, draws / 4)).join()).toMatch(
      /off by|chi-square|without mass/,
    )
})

test('q of another draw is found out', () => {
  const { target } = pairs.equal as (typeof pairs)[string]
  const lying: HostAcceptance = {
    decide: (args) =>
      inLoops.decide({
        ...args,
        tree: { ...args.tree, q: args.tree.q?.map((q) => q?.map(() => 0.2) ?? null) ?? [] },
      }),
  }
  expect(fault(lying, { target, draft: target }, chainWithQ, draws)).not.toBeNull()
})

test('typical asks less of a token where the entropy is high, and takes the longest path', () => {
  const flat = new Float32Array(8)
  const sharp = Float32Array.of(9, 0, 0, 0, 0, 0, 0, 0)
  const tree = { tokens: [3, 1, 0, 4], parents: [-1, -1, 1, 2] }
  const noise = { seedLow: 1, seedHigh: 0, sequence: 0, stream: 0 }
  const decide = (greedy: boolean) =>
    host(typical()).decide({ tree, logits: (row) => (row === 0 || row === 3 ? flat : sharp), length: 4, noise, greedy })
  expect(decide(false).path).toEqual([1, 2, 3])
  expect(decide(true)).toEqual({ path: [], next: 0 })
  expect(() => typical({ epsilon: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  expect(() => typical({ delta: Number.NaN })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})

test('q that cannot be what was drawn from is refused', () => {
  const noise = { seedLow: 1, seedHigh: 0, sequence: 0, stream: 0 }
  const ask = (q: Float32Array) => () =>
    inLoops.decide({
      tree: { tokens: [1], parents: [-1], q: [q, null] },
      logits: () => new Float32Array(3),
      length: 1,
      noise,
      greedy: false,
    })
  for (const q of [Float32Array.of(1, 0, 0), Float32Array.of(0, 1), Float32Array.of(0, 1, Number.NaN)])
    expect(ask(q)).toThrow(expect.objectContaining({ code: 'TREE_MALFORMED' }))
})

test('in an engine every rule repeats with its seed, and is plain decoding at temperature 0', async () => {
  const folder = await writeTinyModel({ seed: 1 })
  const prompt = [5, 9, 11, 5]
  const run = async (acceptance: AcceptanceRule, temperature: number, strategy = 'random trees') => {
    const engine = await engineOn(folder, { strategies: [randomTrees(tinyConfig.vocab_size, 8, 1)] })
    const options = { acceptance, temperature, seed: 4, maxTokens: 24, ignoreEos: true }
    const { ids } = await engine.complete(prompt, { ...options, strategy })
    await engine.dispose()
    return ids
  }
  for (const rule of [rejection, block, typical()]) {
    expect(await run(rule, 0.8)).toEqual(await run(rule, 0.8))
    expect(await run(rule, 0)).toEqual(await run(rule, 0, 'plain'))
  }
})

test('rejection is decided on the device: a round is one submission and one read', async () => {
  const engine = await engineOn(await writeTinyModel({ seed: 1 }), {
    strategies: [randomTrees(tinyConfig.vocab_size, 8, 1)],
  })
  const count = async (acceptance: AcceptanceRule, temperature: number) => {
    const options = { acceptance, temperature, seed: 4, maxTokens: 24, ignoreEos: true, strategy: 'random trees' }
    const { stats } = await engine.complete([5, 9, 11, 5], options)
    return { perRound: (stats.submits - 1) / stats.rounds, reads: stats.reads / stats.rounds }
  }
  for (const temperature of [0, 0.8]) expect(await count(rejection, temperature)).toEqual({ perRound: 1, reads: 1 })
  expect(await count(block, 0.8)).toEqual({ perRound: 2, reads: 1 })
})

test('drafts of different rounds share no noise under a rule that keeps less than it looked at', async () => {
  const seen: number[][] = []
  const reading = strategyOf('reading', (session) => ({
    propose: async () => {
      const { backend, noise, tokens } = session
      const [words] = await backend.submit([], noise ? [noise.sampling.params] : [])
      seen.push([...new Uint32Array(words as ArrayBuffer).subarray(SAMPLING.seedLow, SAMPLING.seedHigh + 1)])
      return chain([tokens.length % 7])
    },
  }))
  const engine = await engineOn(await writeTinyModel({ seed: 1 }), { strategies: [reading] })
  const run = async (acceptance: AcceptanceRule) => {
    seen.length = 0
    await engine.complete([5, 9, 11, 5], { acceptance, temperature: 1, seed: 4, maxTokens: 12, strategy: 'reading' })
    return new Set(seen.map((words) => words.join())).size / seen.length
  }
  for (const rule of [rejection, block]) expect(await run(rule)).toBe(1)
  expect(await run(exact)).toBeLessThan(0.5)
})
