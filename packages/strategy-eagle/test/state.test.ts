import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { draftedAsAfresh, testDraftState } from '../../../verify/src/draft-state-tests'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { eagle } from '../src'

const model = 'models/stories-5m'
const contexts = await readReference(`${model}/reference.json`)
const { promptIds: prompt, greedyIds } = contexts[1] as ReferenceContext
const text = [...prompt, ...greedyIds]
const target = { model, vocab: 2048, prompt, text }

const grown = eagle({ head: `${model}/eagle3`, tree: { depth: 4, topK: 3, nodes: 9 } })

testDraftState('a chain', eagle({ head: `${model}/eagle3`, tokens: 4 }), target, [
  'alone',
  'then the largest pass, full',
])
testDraftState('a static tree of EAGLE-1', eagle({ head: `${model}/eagle1`, branches: [2, 2] }), target, [
  'then plain rounds',
  'then the right tokens',
])
testDraftState('a dynamic tree', grown, target, [
  'alone',
  'then drafts of others, right and wrong, and none',
  'in passes of two rows',
])

test('a dynamic tree is that of a fresh session up to the last position that a session holds', async () => {
  const run: Parameters<typeof draftedAsAfresh>[1]['run'] = async (stepper) => {
    await stepper.extend(text.slice(0, 60))
    while (stepper.sequence.room > 1) await stepper.round(20)
  }
  const drafted = await draftedAsAfresh(target, { strategy: grown, maxRows: 16, run })
  expect(drafted.at(-1)?.tokens.length).toBeGreaterThan(83)
})

test('nothing is drafted before the target has run over a token', async () => {
  const backend = referenceBackend()
  const probe = await DraftProbe.open({ backend, model, strategy: grown })
  await probe.start([0])
  expect((await probe.draft({ nodes: 9, depth: 4 })).tree.tokens).toEqual([])
  await probe.extend([5])
  expect((await probe.draft({ nodes: 9, depth: 4 })).tree.tokens).toHaveLength(9)
  await probe.dispose()
})
