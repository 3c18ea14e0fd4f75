import { type DeviceDraft, type Owned, Programs, type SessionView, type Strategy, type Tensor } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { tinyConfig } from '../../core/test/support/tiny-model'
import { earlyExit } from '../src'
import { faintFrom } from './early-exit-models'
import { changing, watchedSession } from './early-exit-session'

const layers = 4
const model = await faintFrom(1, 0.3, 3, layers)
const prompt = [5, 9, 11, 5, 9, 11, 5]
const { ids } = await (await engineOn(model)).complete(prompt, { maxTokens: 120, ignoreEos: true })
const text = [...prompt, ...ids]
const plain = await watchedSession(model, null, 64)
await plain.stepper.extend(prompt)
while (plain.stepper.sequence.tokens.length < text.length) await plain.stepper.round(1)
const bits = await plain.entries(text.length - 1)
await plain.dispose()

const chain = earlyExit({ layer: 2, tokens: 4 })
const tree = earlyExit({ layer: 2, branches: [3, 2, 1] })

describe.each<[string, Strategy, number]>([
  ['a chain', chain, 64],
  ['a chain of the first layer', earlyExit({ layer: 1, tokens: 3 }), 64],
  ['a tree', tree, 64],
  ['a tree of all layers but one', earlyExit({ layer: 3, branches: [2, 2, 2] }), 64],
  ['a tree that fills the largest pass', earlyExit({ layer: 2, branches: [1, 2, 2] }), 8],
  ['a tree of 254 nodes', earlyExit({ layer: 2, branches: [2, 2, 2, 2, 2, 2, 2] }), 256],
  ['a chain in the smallest passes', chain, 2],
  [
    'a tree, then drafts of others, right and wrong',
    alternating('mixed', [tree, oracle(text, 3), randomTrees(tinyConfig.vocab_size, 30, 1, text), silent()]),
    64,
  ],
])('%s', (_, strategy, maxRows) => {
  test('leaves the keys and values of plain decoding after every round, also back and on', async () => {
    const { stepper, entries, dispose } = await watchedSession(model, strategy, maxRows)
    const { sequence } = stepper
    const compare = async () => {
      expect(sequence.tokens).toEqual(text.slice(0, sequence.tokens.length))
      const head = bits.map((lane) => lane.subarray(0, (lane.length / (text.length - 1)) * sequence.length))
      expect(Buffer.concat(await entries(sequence.length)).equals(Buffer.concat(head))).toBe(true)
    }
    await stepper.extend(prompt)
    for (const back of [1, 3, 8, 0]) {
      for (let i = 0; i < 5; i++) {
        await stepper.round(10)
        await compare()
      }
      if (sequence.tokens.length > 100) break
      stepper.truncate(sequence.tokens.length - back)
      await stepper.extend(text.slice(sequence.tokens.length, sequence.tokens.length + 2))
      await compare()
    }
    expect(stepper.stats().accepted).toBeGreaterThan(4)
    await dispose()
  })
})

/** Doubles what enters the verified layers, after the draft has used it. */
const spoiled = ({ backend }: SessionView, owned: Owned): ((draft: DeviceDraft) => DeviceDraft) => {
  const programs = owned.add(new Programs(backend))
  return (draft) => {
    const x = draft.computed?.x as Tensor
    const program = programs.get('spoil', (ops) => ops.add({ a: x, b: x, out: x, rows: x.shape[0] as number }))
    return { ...draft, programs: [...draft.programs, program] }
  }
}
/** Does not tell that layers were run. */
const whole = (): ((draft: DeviceDraft) => DeviceDraft) => (draft) => {
  const { computed: _, ...rest } = draft
  return rest
}
describe('verification', () => {
  const strategies = [changing(tree, 'spoiled', spoiled), changing(tree, 'whole', whole), { ...tree, name: 'tree' }]
  /** The strategies also have the residual streams entering `layers` kept. */
  const complete = async (layers: readonly number[]) => {
    const needs = { layerInputs: layers }
    const engine = await engineOn(model, { strategies: strategies.map((each) => ({ ...each, needs })) })
    const run = async (strategy: string) => {
      const before = engine.backend.stats.dispatches
      const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens: 40, ignoreEos: true })
      return { ids, rounds: stats.rounds, accepted: stats.accepted, ops: engine.backend.stats.dispatches - before }
    }
    return {
      plain: await run('plain'),
      tree: await run('tree'),
      whole: await run('whole'),
      spoiled: await run('spoiled'),
    }
  }

  test('goes on from the layer: from what the draft left, and with the ops of two layers and the embedding fewer', async () => {
    const { plain, tree, whole, spoiled } = await complete([])
    expect(tree.ids).toEqual(plain.ids)
    expect({ ...tree, ops: 0 }).toEqual({ ...whole, ops: 0 })
    // Two layers of five ops, and an embedding; what entered the layer is copied in its place.
    expect(whole.ops - tree.ops).toBe(10 * tree.rounds)
    expect(spoiled.ids).not.toEqual(plain.ids)
  })

  test('also where hidden states of that layer or later ones are kept', async () => {
    const { plain, tree, spoiled } = await complete([2])
    expect(tree.ids).toEqual(plain.ids)
    expect(spoiled.ids).not.toEqual(plain.ids)
  })

  test('runs all layers where hidden states below are kept', async () => {
    const { plain, tree, whole, spoiled } = await complete([1])
    expect(tree).toEqual(whole)
    expect(tree.ids).toEqual(plain.ids)
    expect(spoiled.ids).toEqual(plain.ids)
  })
})
