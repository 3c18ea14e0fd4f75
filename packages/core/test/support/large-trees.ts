import {
  type Backend,
  createEngine,
  type Engine,
  type KvCache,
  OutriderError,
  type Strategy,
  type TokenTree,
} from '@outrider/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onDevice } from './device-draft'
import { alternating, oracle, proposing, silent, strategyOf } from './strategies'
import { tinyConfig, writeTinyModel } from './tiny-model'

const { vocab_size: vocab } = tinyConfig
/** More than one chunk of a prompt. */
const prompt = Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % vocab)
const count = 130
/** Nodes and levels of the tree, and the rounds with which it makes up the text. */
const large = { nodes: 255, levels: 32 } as const
const rounds = Math.ceil(count / (large.levels + 1))

/**
 * A tree of `nodes` nodes with as many levels as `path` has tokens: each node of the path stands behind wrong siblings, half of them
 * with a child.
 */
function interleaved(path: readonly number[], nodes: number): TokenTree {
  const tokens: number[] = []
  const parents: number[] = []
  const add = (token: number, parent: number): number => {
    parents.push(parent)
    return tokens.push(token % vocab) - 1
  }
  let right = -1
  path.forEach((token, level) => {
    const left = path.length - level
    const wrong = Math.ceil((nodes - tokens.length - left) / left)
    for (let i = 0; i < wrong; i++) add(token + 1 + i, i % 2 === 1 && left > 1 ? tokens.length - 1 : right)
    right = add(token, right)
  })
  return { tokens, parents }
}

/** Knows the text and drafts how it goes on among wrong tokens. */
function knowing(text: readonly number[], name: string): Strategy {
  return proposing(name, ({ tokens }, { nodes, depth }) => {
    const path = text.slice(tokens.length, tokens.length + Math.min(large.levels, depth))
    return path.length === 0 ? null : interleaved(path, Math.min(large.nodes, nodes, 40 * path.length))
  })
}

/** `inner`, with what its last session's cache holds within reach, and the paths that were accepted. */
function watched(inner: Strategy, seen: { cache?: KvCache; paths: (readonly number[])[] }): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...loaded,
        start: (session) => {
          seen.cache = session.cache
          const proposer = loaded.start(session)
          return { ...proposer, observe: ({ path }) => void seen.paths.push(path) }
        },
      }
    },
  }
}

/** The bytes of a cache's first `length` entries, by layer. */
async function entries(backend: Backend, cache: KvCache, length: number): Promise<readonly Uint8Array[]> {
  const lanes: Uint8Array[] = []
  for (let index = 0; index < tinyConfig.num_hidden_layers; index++) {
    const { tensor, layer } = cache.layer(index)
    const [, two, heads, slots, width] = tensor.shape as [number, number, number, number, number]
    const [bytes] = await backend.submit([], [tensor])
    const entry = width * (tensor.dtype === 'f16' ? 2 : 4)
    for (let lane = layer * two * heads; lane < (layer + 1) * two * heads; lane++)
      lanes.push(new Uint8Array(bytes as ArrayBuffer, lane * slots * entry, length * entry))
  }
  return lanes
}

/** Tests that trees of 255 nodes and 32 levels, and chains as long as a path, give plain decoding's ids and leave its cache. */
export function testLargeTrees(title: string, open: () => Promise<Backend>): void {
  describe(`${title}: passes of 256 rows`, () => {
    const seen: { cache?: KvCache; paths: (readonly number[])[] } = { paths: [] }
    const fresh: typeof seen = { paths: [] }
    let backend: Backend
    let engine: Engine
    let ids: readonly number[]

    beforeAll(async () => {
      backend = await open()
      const model = await writeTinyModel({ seed: 4 })
      const plain = await createEngine({ backend, model, capacity: 220, maxRows: 1 })
      ids = (await plain.complete(prompt, { maxTokens: count, ignoreEos: true })).ids
      await plain.dispose()
      const text = [...prompt, ...ids]
      const host = knowing(text, 'on the host')
      const written = { ...onDevice(host, false), name: 'topology from device buffers' }
      engine = await createEngine({
        backend,
        model,
        capacity: 220,
        maxRows: 256,
        strategies: [
          watched(host, seen),
          { ...onDevice(host, true), name: 'tokens from device buffers' },
          written,
          alternating('in turn with others', [written, oracle(text, 3), silent(), host]),
          oracle(text, 200, 'chain'),
          proposing('too many nodes', () => interleaved(text.slice(0, 32), 256)),
          strategyOf('too many nodes, on the device', () => ({
            propose: () => ({ programs: [], nodes: 256, parents: null }),
          })),
          proposing('too many levels', (_, { depth }) => interleaved(text.slice(0, depth + 1), 255)),
          watched({ ...silent(), name: 'nothing' }, fresh),
        ],
      })
    })

    afterAll(async () => {
      await engine.dispose()
      expect(backend.stats.liveBytes).toBe(0)
      backend.dispose()
    })

    const complete = (strategy: string) => engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true })

    test('are row-invariant', () => expect(engine.exact).toBe(true))

    test.each(['on the host', 'tokens from device buffers', 'topology from device buffers'])(
      'a tree of 255 nodes and 32 levels is accepted along its whole path: %s',
      async (strategy) => {
        const { ids: found, stats } = await complete(strategy)
        expect(found).toEqual(ids)
        const { acceptedByDepth, proposed, evaluated, submits, reads } = stats
        expect({ levels: acceptedByDepth.length, whole: acceptedByDepth.at(-1) }).toEqual({
          levels: large.levels,
          whole: rounds - 1,
        })
        // A prompt of 70 tokens takes two chunks: none is longer than a path.
        expect({ rounds: stats.rounds, reads, submits, proposed, evaluated }).toEqual({
          rounds,
          reads: rounds,
          submits: rounds + 2,
          proposed: rounds * large.nodes,
          evaluated: rounds * large.nodes,
        })
      },
    )

    test('gives the same ids in turn with other drafts, and with none', async () => {
      const { ids: found, stats } = await complete('in turn with others')
      expect(found).toEqual(ids)
      expect(stats.acceptedByDepth).toHaveLength(large.levels)
    })

    test('a chain has 63 tokens at most, as many as a path holds below the pending token', async () => {
      const { ids: found, stats } = await complete('chain')
      expect(found).toEqual(ids)
      expect({ levels: stats.acceptedByDepth.length, rounds: stats.rounds }).toEqual({ levels: 63, rounds: 3 })
    })

    test('leaves the cache of a fresh prefill, rows from far behind in their places', async () => {
      const stepper = engine.openStepper({ strategy: 'on the host' })
      seen.paths.length = 0
      await stepper.extend(prompt)
      for (let i = 0; i < 3; i++) await stepper.round(count)
      const { length, tokens } = stepper.sequence
      expect(length).toBe(prompt.length - 1 + 3 * (large.levels + 1))
      for (const path of seen.paths.slice(-3)) expect(path.filter((node) => node > 64).length).toBeGreaterThan(20)
      const drafted = await entries(backend, seen.cache as KvCache, length)
      const other = engine.openStepper({ strategy: 'nothing' })
      await other.extend(tokens)
      expect(await entries(backend, fresh.cache as KvCache, length)).toEqual(drafted)
      engine.closeStepper(stepper)
      engine.closeStepper(other)
    })

    test.each(['too many nodes', 'too many nodes, on the device', 'too many levels'])(
      'refuses %s',
      async (strategy) => {
        const error = await complete(strategy).catch((thrown) => thrown)
        expect(OutriderError.is(error) && error.code).toBe('TREE_TOO_LARGE')
        expect(error.message).toMatch(strategy === 'too many levels' ? /64 levels.* 63/ : /256 nodes.* 255/)
      },
    )
  })
}
