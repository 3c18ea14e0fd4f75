import { type AcceptanceRule, type Completion, type Engine, firstOf, merged, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { eagle } from '@outrider/strategy-eagle'
import { describe, expect, test } from 'vitest'
import { checkDraftState } from '../../../verify/src/draft-state'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { engineOn } from '../../core/test/support/engines'
import { alternating } from '../../core/test/support/strategies'
import { draftModel, earlyExit, lookup } from '../src'
import { faintFrom, firstLayers } from './early-exit-models'

const stories = 'models/stories-5m'
const { promptIds } = (await readReference(`${stories}/reference.json`))[1] as ReferenceContext
// It reads what enters layers 1, 3 and 5.
const head = eagle({ head: `${stories}/eagle3`, tokens: 3 })

function complete(
  engine: Engine,
  strategy: string,
  options: { acceptance?: AcceptanceRule } = {},
): Promise<Completion> {
  return engine.complete(promptIds, { strategy, maxTokens: 32, ignoreEos: true, ...options })
}

describe.each([
  ['at the first layer it reads', 1],
  ['beyond layers it reads', 2],
  ['at the last layer it reads', 5],
])('with a head that is fed hidden states, an exit %s', (_, layer) => {
  test('gives it what a draft model of its own in the same place gives it', async () => {
    const alone = await firstLayers(stories, layer)
    const mixed = (name: string, own: Strategy): Strategy => alternating(name, [own, head])
    const engine = await engineOn(stories, {
      strategies: [
        mixed('exit', earlyExit({ layer, branches: [2, 2, 1] })),
        mixed('apart', draftModel({ model: alone, branches: [2, 2, 1] })),
      ],
    })
    const plain = await complete(engine, 'plain')
    const exit = await complete(engine, 'exit')
    const apart = await complete(engine, 'apart')
    expect(exit.ids).toEqual(plain.ids)
    for (const stat of ['rounds', 'proposed', 'accepted', 'acceptedByDepth'] as const)
      expect(exit.stats[stat]).toEqual(apart.stats[stat])
    expect(exit.stats.accepted).toBeGreaterThan(5)
  })

  test('leaves it in the state of a fresh prefill', async () => {
    const backend = referenceBackend()
    const mix = (own: Strategy) => alternating('mixed', [earlyExit({ layer, tokens: 3 }), own])
    const run = async (stepper: ReturnType<Engine['openStepper']>) => {
      await stepper.extend(promptIds)
      for (let i = 0; i < 8; i++) await stepper.round(20)
    }
    const { drafted, faults } = await checkDraftState({
      backend,
      model: stories,
      strategy: head,
      mix,
      maxRows: 16,
      run,
    })
    expect(faults).toEqual([])
    expect(drafted).toHaveLength(4)
    expect(backend.stats.liveBytes).toBe(0)
  })
})

describe('as a part', async () => {
  const model = await faintFrom(2, 0.3)
  const exit = earlyExit({ layer: 2, tokens: 3 })
  const tree = earlyExit({ layer: 3, name: 'deeper', branches: [2, 2] })
  const engine = await engineOn(model, {
    strategies: [
      { ...firstOf(lookup({ minNgram: 2 }), tree), name: 'first' },
      { ...merged(exit), name: 'alone' },
      { ...merged(lookup({ minNgram: 2 }), exit), name: 'with a lookup' },
      { ...merged(exit, tree), name: 'two exits' },
    ],
  })

  test.each(['first', 'alone', 'with a lookup', 'two exits'])(
    '%s: the ids of plain decoding, credited',
    async (name) => {
      const options = { maxTokens: 60, ignoreEos: true }
      for (const prompt of [[3], [5, 9, 11, 5, 9, 11, 5]]) {
        const plain = await engine.complete(prompt, options)
        const { ids, stats } = await engine.complete(prompt, { strategy: name, ...options })
        expect(ids).toEqual(plain.ids)
        expect(stats.reads).toBe(stats.rounds)
        expect(stats.acceptedBy['early-exit'] ?? stats.acceptedBy.deeper).toBeGreaterThan(0)
      }
    },
  )
})

test('under a rule on the host, the same drafts are accepted', async () => {
  const best = (logits: Float32Array): number =>
    logits.reduce((at, value, i) => (value > (logits[at] as number) ? i : at), 0)
  const greedy: AcceptanceRule = {
    specVersion: 1,
    name: 'greedy on the host',
    guarantee: 'same-tokens',
    host: {
      decide: ({ tree: { tokens, parents }, logits }) => {
        const path: number[] = []
        let row = 0
        for (;;) {
          const next = best(logits(row))
          const child = tokens.findIndex((token, node) => token === next && parents[node] === row - 1)
          if (child < 0) return { path, next }
          path.push(child)
          row = child + 1
        }
      },
    },
  }
  const engine = await engineOn(stories, {
    strategies: [earlyExit({ layer: 4, name: 'chain' }), earlyExit({ layer: 4, name: 'tree', branches: [3, 2, 1] })],
  })
  const plain = await complete(engine, 'plain')
  for (const strategy of ['chain', 'tree']) {
    const onDevice = await complete(engine, strategy)
    const onHost = await complete(engine, strategy, { acceptance: greedy })
    expect(onHost.ids).toEqual(plain.ids)
    expect(onHost.stats.acceptedByDepth).toEqual(onDevice.stats.acceptedByDepth)
    expect(onHost.stats.accepted).toBeGreaterThan(3)
  }
})
