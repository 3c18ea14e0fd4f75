import { IN_PROMPT, NO_TOKEN, OUTCOME } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { sampling, samplingFills } from '../../../test/sampling'

const { same } = againstReference()

test.each([0, 5, 63])('%i accepted tokens and the target’s own', async (accepted) => {
  const outcome = new Uint32Array(OUTCOME.words)
  outcome[OUTCOME.accepted] = accepted
  for (let i = 0; i < 64; i++) outcome[OUTCOME.tokens + i] = i === 3 ? NO_TOKEN : i % 4
  const counts = Uint32Array.of(7, IN_PROMPT, IN_PROMPT + 2, 0)
  const [found] = await same({
    tensors: { outcome: u32(outcome), ...samplingFills(4, {}, { counts }) },
    read: ['counts'],
    record: (ops, t) => ops.countTokens({ outcome: t('outcome'), sampling: sampling(t) }),
  })
  const added = counts.reduce((sum, count, id) => sum + found![id]! - count, 0)
  expect(added).toBe(accepted + 1 - (accepted >= 3 ? 1 : 0))
})
