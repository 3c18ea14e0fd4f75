import { type Engine, firstOf, merged, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { eagle } from '@outrider/strategy-eagle'
import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'
import { describe, expect, test } from 'vitest'
import { checkDraftState, type Drafted } from '../../../verify/src/draft-state'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { engineOn } from '../../core/test/support/engines'
import { spied } from '../../core/test/support/spied'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, lookup, suffix } from '../src'

const model = 'models/stories-5m'
const contexts = await readReference(`${model}/reference.json`)
const { promptIds, greedyIds } = contexts[1] as ReferenceContext
const text = [...promptIds, ...greedyIds]

const draft = draftModel({ model: `${model}/draft`, tokens: 4 })
const draftTree = draftModel({ model: `${model}/draft`, name: 'draft tree', branches: [3, 2, 1] })
const grown = eagle({ head: `${model}/eagle3`, tree: { depth: 4, topK: 3, nodes: 9 } })
const heads = medusa({ head: `${model}/medusa`, choices: mcSim7b63.slice(0, 15) })
const module = mtp({ head: `${model}/mtp`, branches: [2, 2, 1] })

type Stepper = ReturnType<Engine['openStepper']>

/** Runs a session with a composition, and holds a part's drafts to those of sessions in which it is alone and has seen no round. */
async function state(
  strategy: Strategy,
  mix: (strategy: Strategy) => Strategy,
  maxRows: number,
  run: (stepper: Stepper) => Promise<void>,
): Promise<readonly Drafted[]> {
  const backend = referenceBackend()
  const { drafted, faults } = await checkDraftState({ backend, model, strategy, mix, apart: true, maxRows, run })
  expect(faults).toEqual([])
  expect(backend.stats.liveBytes).toBe(0)
  return drafted
}

async function rounds(stepper: Stepper, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await stepper.round(20)
  const { tokens } = stepper.sequence
  expect(tokens.slice(0, text.length)).toEqual(text.slice(0, tokens.length))
}

describe('what a part drafts after any rounds is what a session drafts that has seen none', () => {
  // Others are right, wrong or silent in turn: the part's draft is merged in some rounds and passed on as it is in others.
  const others = alternating('others', [oracle(text, 3), silent(), randomTrees(2048, 9, 1, text), silent()])

  test.each<[string, Strategy, (strategy: Strategy) => Strategy, number]>([
    ['a draft model, others in some rounds', draft, (own) => merged(own, others), 16],
    ['its tree, after others', draftTree, (own) => merged(others, own), 16],
    ['its chain in passes that others fill', draft, (own) => merged(own, oracle(text, 7)), 8],
    ['its chain in the smallest passes', draft, (own) => merged(own, others), 3],
    ['a dynamic tree of EAGLE, others in some rounds', grown, (own) => merged(others, own), 16],
    ['EAGLE with a draft model', grown, (own) => merged(own, draft), 16],
    ['a draft model with EAGLE', draftTree, (own) => merged(grown, own), 16],
    ['Medusa heads, others in some rounds', heads, (own) => merged(others, own), 16],
    ['an MTP module with a draft model', module, (own) => merged(draft, own), 16],
    ['a draft model in a composition of compositions', draft, (own) => merged(firstOf(own, grown), others), 16],
  ])('%s', async (_, strategy, mix, maxRows) => {
    const drafted = await state(strategy, mix, maxRows, async (stepper) => {
      await stepper.extend(promptIds)
      await rounds(stepper, 8)
    })
    expect(drafted.length).toBeGreaterThan(4)
  })

  test('also when the session goes back and on', async () => {
    const drafted = await state(
      draft,
      (own) => merged(own, others),
      16,
      async (stepper) => {
        await stepper.extend(promptIds)
        for (const back of [1, 2, 6]) {
          await rounds(stepper, 3)
          stepper.truncate(stepper.sequence.tokens.length - back)
          await stepper.extend(text.slice(stepper.sequence.tokens.length, stepper.sequence.tokens.length + 2))
        }
        await rounds(stepper, 3)
      },
    )
    expect(drafted).toHaveLength(12)
  })
})

test('a draft model follows trees of more nodes than a path has rows', async () => {
  const target = await writeTinyModel({ seed: 2 })
  const self = draftModel({ model: target, name: 'self', tokens: 3 })
  const wide = spied({ ...randomTrees(tinyConfig.vocab_size, 240, 1), name: 'wide' })
  const engine = await engineOn(target, {
    maxRows: 256,
    strategies: [{ ...merged(self, wide.strategy), name: 'both' }],
  })
  const prompt = Array.from({ length: 150 }, (_, i) => (i * 13 + 5) % 61)
  const options = { maxTokens: 40, ignoreEos: true }
  const { ids } = await engine.complete(prompt, options)
  const result = await engine.complete(prompt, { strategy: 'both', ...options })
  expect(result.ids).toEqual(ids)
  // The target is its own draft: in step, it is never wrong.
  expect(result.stats).toMatchObject({ rounds: 10, acceptedBy: { self: 30 } })
  expect(wide.asked.some(({ draft: tree }) => (tree?.tokens.length ?? 0) > 128)).toBe(true)
})

test('merged parts give the ids of plain decoding, in one submission and one read a round', async () => {
  const strategies = [
    { ...merged(lookup({ minNgram: 2 }), grown), name: 'lookup, eagle' },
    { ...merged(lookup({ minNgram: 2 }), draft), name: 'lookup, draft' },
    { ...merged(grown, heads), name: 'eagle, medusa' },
    { ...merged(firstOf(lookup({ minNgram: 3 }), suffix()), firstOf(module, draft)), name: 'firsts' },
  ]
  const maxRows = 16
  const engine = await engineOn(model, { capacity: 128, maxRows, strategies })
  for (const { promptIds: prompt, greedyIds: expected } of contexts.slice(1, 3))
    for (const { name: strategy } of strategies) {
      const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens: 24, ignoreEos: true })
      expect({ strategy, ids }).toEqual({ strategy, ids: expected.slice(0, 24) })
      const { submits, reads, rounds: passes } = stats
      const chunks = Math.ceil((prompt.length - 1) / maxRows)
      expect({ strategy, submits, reads }).toEqual({ strategy, submits: passes + chunks, reads: passes })
      const credited = Object.values(stats.acceptedBy).reduce((sum, tokens) => sum + tokens, 0)
      expect(credited).toBeGreaterThanOrEqual(stats.accepted)
      if (strategy === 'eagle, medusa') expect(credited).toBeGreaterThan(stats.accepted)
    }
})
