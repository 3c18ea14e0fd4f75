import {
  type Backend,
  exact,
  loadDecoder,
  openCheckpoint,
  openTensors,
  type Strategy,
  type StrategyHost,
  type Tensor,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { Stepper, Turns } from '../../core/src/decode'
import { engineOn } from '../../core/test/support/engines'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel } from '../src'

// The draft is the target itself, so each committed entry of its cache must have the bits of the target's.
const folder = await writeTinyModel({ seed: 7 })
const prompt = [5, 9, 11, 5, 9, 11, 5]
const { ids } = await (await engineOn(folder)).complete(prompt, { maxTokens: 170, ignoreEos: true })
const text = [...prompt, ...ids]
const capacity = 200

type KvShape = readonly [layers: number, two: number, heads: number, slots: number, width: number]

interface Watched {
  readonly stepper: Stepper
  /** Entries that the draft's cache holds, after comparing them with the target's. */
  held(): Promise<number>
  dispose(): void
}

/** A session of the target with the draft and others in turn. */
async function session(strategy: (draft: Strategy) => Strategy, draft: Strategy, maxRows: number): Promise<Watched> {
  const inner = referenceBackend()
  const tensors = new Map<string, Tensor>()
  const backend: Backend = new Proxy(inner, {
    get: (target, key) => {
      const value = target[key as keyof Backend]
      if (key !== 'tensor') return typeof value === 'function' ? value.bind(target) : value
      return (...args: Parameters<Backend['tensor']>) => {
        const tensor = target.tensor(...args)
        tensors.set(tensor.label, tensor)
        return tensor
      }
    },
  })
  const checkpoint = await openCheckpoint(folder)
  const load = () => loadDecoder(backend, checkpoint, { slots: capacity + maxRows, maxRows })
  const model = await load()
  const loadModel = async () => ({ model: await load(), tokenizer: null })
  const verifyCost = async () => ({ rows: [1], ms: [1] })
  const limits = { capacity, maxRows }
  const host: StrategyHost = { backend, target: model, tokenizer: null, ...limits, loadModel, openTensors, verifyCost }
  const whole = strategy(draft)
  const loaded = await whole.load(host)
  await checkpoint.close()
  const stepper = new Stepper({
    backend,
    model,
    capacity,
    maxRows,
    keep: [],
    rule: exact,
    strategy: { name: whole.name, loaded },
    turns: new Turns(),
    timed: false,
  })
  return {
    stepper,
    held: async () => {
      const wanted = ['draft length', 'draft.kv0', 'target.kv0'].map((label) => tensors.get(label) as Tensor)
      const [length, own, theirs] = await backend.submit([], wanted)
      const entries = new Uint32Array(length as ArrayBuffer)[0] as number
      const [layers, two, heads, slots, width] = (wanted[1] as Tensor).shape as KvShape
      const [a, b] = [new Uint32Array(own as ArrayBuffer), new Uint32Array(theirs as ArrayBuffer)]
      for (let lane = 0; lane < layers * two * heads; lane++) {
        const from = lane * slots * width
        const to = from + entries * width
        expect(a.subarray(from, to)).toEqual(b.subarray(from, to))
      }
      return entries
    },
    dispose: () => {
      stepper.dispose()
      loaded.dispose?.()
      model.dispose()
      expect(inner.stats.liveBytes).toBe(0)
    },
  }
}

const chainOf = (tokens: number) => draftModel({ model: folder, tokens })
const tree = draftModel({ model: folder, branches: [3, 2, 1] })

describe.each<[string, number, Strategy, (draft: Strategy) => Strategy]>([
  ['a chain alone', 64, chainOf(4), (draft) => draft],
  ['one token alone', 64, chainOf(1), (draft) => draft],
  ['a tree alone', 64, tree, (draft) => draft],
  ['a chain, then plain rounds', 64, chainOf(3), (draft) => alternating('mixed', [draft, silent(), silent()])],
  [
    'a tree, then short and long drafts of others, right and wrong',
    64,
    tree,
    (draft) =>
      alternating('mixed', [draft, oracle(text, 2), randomTrees(tinyConfig.vocab_size, 30, 1, text), silent()]),
  ],
  [
    'a chain, then drafts that fill the largest pass',
    8,
    chainOf(3),
    (draft) => alternating('mixed', [draft, oracle(text, 7)]),
  ],
  ['a tree of 212 nodes alone', 256, draftModel({ model: folder, branches: [4, 4, 4, 2] }), (draft) => draft],
  [
    'a chain, then trees of others with more nodes than a path has rows',
    256,
    chainOf(3),
    (draft) => alternating('mixed', [draft, randomTrees(tinyConfig.vocab_size, 255, 1, text)]),
  ],
  ['the smallest passes', 2, chainOf(3), (draft) => alternating('mixed', [draft, oracle(text, 1)])],
])('%s', (_, maxRows, draft, strategy) => {
  test('leave the draft with the entries of the target, one behind at most', async () => {
    const { stepper, held, dispose } = await session(strategy, draft, maxRows)
    await stepper.extend(prompt)
    expect(await held()).toBe(prompt.length - 1)
    let behind = 0
    while (stepper.sequence.tokens.length < 80) {
      await stepper.round(10)
      expect(stepper.sequence.tokens).toEqual(text.slice(0, stepper.sequence.tokens.length))
      const missing = stepper.sequence.length - (await held())
      expect([0, 1]).toContain(missing)
      behind += missing
    }
    // After a draft that was accepted whole the last token of it is missing.
    expect(behind).toBeGreaterThan(3)
    dispose()
  })

  test('stay so when the session goes back and on', async () => {
    const { stepper, held, dispose } = await session(strategy, draft, maxRows)
    await stepper.extend(prompt)
    for (const back of [1, 3, 4, 7]) {
      for (let i = 0; i < 5; i++) await stepper.round(10)
      stepper.truncate(stepper.sequence.tokens.length - back)
      await stepper.extend(text.slice(stepper.sequence.tokens.length, stepper.sequence.tokens.length + 2))
      expect(await held()).toBe(stepper.sequence.length)
      expect(stepper.sequence.length).toBe(stepper.sequence.tokens.length - 1)
    }
    for (let i = 0; i < 5; i++) {
      await stepper.round(10)
      await stepper.extend([])
      expect(await held()).toBe(stepper.sequence.length)
    }
    expect(stepper.sequence.tokens).toEqual(text.slice(0, stepper.sequence.tokens.length))
    dispose()
  })
})

test('a chain as long as a path is followed: one row more than a pass holds where the draft is one behind', async () => {
  const mix = (draft: Strategy) => alternating('mixed', [draft, oracle(text, 63)])
  const { stepper, held, dispose } = await session(mix, chainOf(3), 64)
  await stepper.extend(prompt)
  for (const tokens of [4, 64, 4, 64]) {
    await stepper.round(100)
    expect(stepper.sequence.tokens).toEqual(text.slice(0, stepper.sequence.tokens.length))
    expect(stepper.sequence.length - (await held())).toBe(tokens === 4 ? 1 : 0)
  }
  expect(stepper.sequence.length).toBe(prompt.length - 1 + 136)
  dispose()
})
