import { createEngine, depths, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { checkDraftState } from '../../../verify/src/draft-state'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { engineOn } from '../../core/test/support/engines'
import { alternating, oracle, randomTrees } from '../../core/test/support/strategies'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { eagle } from '../src'
import { headTensors, writeHead } from './tiny-head'

const stories = 'models/stories-5m'
/** The one that is hardest to draft for. */
const context = (await readReference(`${stories}/reference.json`)).at(-1) as ReferenceContext

test('a dynamic tree of 220 nodes accepts what the head knows, and gives the ids of plain decoding', async () => {
  const head = `${stories}/eagle3`
  const strategies = [
    eagle({ head, name: 'large', tree: { depth: 8, topK: 10, nodes: 220 } }),
    eagle({ head, name: 'chain', tokens: 8 }),
  ]
  const engine = await engineOn(stories, { capacity: 100, maxRows: 256, strategies })
  const run = (strategy: string) => engine.complete(context.promptIds, { strategy, maxTokens: 12, ignoreEos: true })
  const { ids, stats } = await run('large')
  expect(ids).toEqual(context.greedyIds.slice(0, 12))
  expect(stats.proposed).toBeGreaterThanOrEqual(220)
  expect(stats.submits).toBe(stats.rounds + 1)
  const chain = await run('chain')
  expect(stats.rounds).toBeLessThan(chain.stats.rounds - 2)
})

test.each([
  { depth: 32, topK: 8, nodes: 255, levels: 1 },
  { depth: 32, topK: 2, nodes: 126, levels: 32 },
])('a dynamic tree is drafted as afresh after any rounds: %o', async ({ levels, ...tree }) => {
  const model = await writeTinyModel({ seed: 5 })
  const head = await writeHead(headTensors({ kind: 3, states: 1 }))
  const grown = eagle({ head, layers: [1], tree })
  const prompt = Array.from({ length: 9 }, (_, i) => (i * 13 + 5) % 61)
  const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
  const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 81, ignoreEos: true })).ids]
  await plain.dispose()
  const others: readonly Strategy[] = [randomTrees(61, 255, 1, text), oracle(text, 40)]
  const backend = referenceBackend()
  const { drafted, faults } = await checkDraftState({
    backend,
    model,
    strategy: grown,
    mix: (own) => alternating('mixed', [own, ...others]),
    maxRows: 256,
    run: async (stepper) => {
      await stepper.extend(prompt)
      for (const most of [33, 33, 8, 33, 33, 8]) await stepper.round(most)
      expect(stepper.sequence.tokens).toEqual(text.slice(0, stepper.sequence.tokens.length))
    },
  })
  expect(faults).toEqual([])
  expect(drafted.map(({ tree }) => tree.tokens.length)).toEqual([tree.nodes, tree.nodes])
  for (const { tree } of drafted) expect(Math.max(...depths(tree.parents))).toBeGreaterThanOrEqual(levels)
  expect(backend.stats.liveBytes).toBe(0)
})
