import type { Engine, Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { checkDraftState, type Drafted } from '../../../verify/src/draft-state'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { eagle } from '../src'

const model = 'models/stories-5m'
const contexts = await readReference(`${model}/reference.json`)
const { promptIds, greedyIds } = contexts[1] as ReferenceContext
const text = [...promptIds, ...greedyIds]

type Stepper = ReturnType<Engine['openStepper']>

/** Runs a session in which `strategy` drafts, and holds its drafts to those of sessions that have seen no round. */
async function compare(
  strategy: Strategy,
  mix: (strategy: Strategy) => Strategy,
  maxRows: number,
  run: (stepper: Stepper) => Promise<void>,
): Promise<readonly Drafted[]> {
  const backend = referenceBackend()
  const { drafted, faults } = await checkDraftState({ backend, model, strategy, mix, maxRows, run })
  expect(faults).toEqual([])
  expect(backend.stats.liveBytes).toBe(0)
  return drafted
}

async function rounds(stepper: Stepper, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await stepper.round(20)
  const { tokens } = stepper.sequence
  expect(tokens.slice(0, text.length)).toEqual(text.slice(0, tokens.length))
}

const chain = eagle({ head: `${model}/eagle3`, tokens: 4 })
const first = eagle({ head: `${model}/eagle1`, branches: [2, 2] })
const grown = eagle({ head: `${model}/eagle3`, tree: { depth: 4, topK: 3, nodes: 9 } })
const alone = (strategy: Strategy) => strategy

describe('what is drafted after any rounds is what a session drafts that has seen none', () => {
  test.each<[string, Strategy, (strategy: Strategy) => Strategy, number]>([
    ['a chain alone', chain, alone, 64],
    ['a static tree of EAGLE-1, then plain rounds', first, (own) => alternating('mixed', [own, silent()]), 64],
    ['a dynamic tree alone', grown, alone, 64],
    [
      'a dynamic tree, then drafts of others, right and wrong',
      grown,
      (own) => alternating('mixed', [own, oracle(text, 3), randomTrees(2048, 12, 1, text), silent()]),
      16,
    ],
    [
      'a chain, then drafts that fill the largest pass',
      chain,
      (own) => alternating('mixed', [own, oracle(text, 7)]),
      8,
    ],
    ['a dynamic tree in the smallest passes', grown, (own) => alternating('mixed', [own, oracle(text, 1)]), 2],
  ])('%s', async (_, strategy, mix, maxRows) => {
    const drafted = await compare(strategy, mix, maxRows, async (stepper) => {
      await stepper.extend(promptIds)
      await rounds(stepper, 14)
    })
    expect(drafted.length).toBeGreaterThan(3)
  })

  test('also when the session goes back and on', async () => {
    const drafted = await compare(grown, alone, 16, async (stepper) => {
      await stepper.extend(promptIds)
      for (const back of [1, 2, 6]) {
        await rounds(stepper, 3)
        stepper.truncate(stepper.sequence.tokens.length - back)
        await stepper.extend(text.slice(stepper.sequence.tokens.length, stepper.sequence.tokens.length + 2))
      }
      await rounds(stepper, 3)
    })
    expect(drafted).toHaveLength(12)
  })

  test('and up to the last position that a session holds', async () => {
    const drafted = await compare(grown, alone, 16, async (stepper) => {
      await stepper.extend(text.slice(0, 60))
      while (stepper.sequence.room > 1) await stepper.round(20)
    })
    expect(drafted.at(-1)?.tokens.length).toBeGreaterThan(83)
  })
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
