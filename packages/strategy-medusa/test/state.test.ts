import { createEngine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkDraftState } from '../../../verify/src/draft-state'
import { alternating, oracle, randomTrees, silent } from '../../core/test/support/strategies'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { medusa } from '../src'
import { tinyHeads, writeHeads } from './checkpoints'

const model = await writeTinyModel({ seed: 5 })
const head = await writeHeads(tinyHeads(3))
const prompt = Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 61)
const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 70, ignoreEos: true })).ids]
await plain.dispose()

const strategy = medusa({ head, choices: [[0], [1], [0, 2], [1, 0], [1, 0, 1]] })

describe('what is drafted after any rounds is what a fresh session drafts', () => {
  test.each<[string, ((own: Strategy) => Strategy) | undefined, number]>([
    ['alone', undefined, 64],
    [
      'with drafts of others, right and wrong, and none',
      (own) => alternating('mixed', [own, oracle(text, 5), randomTrees(61, 12, 1, text), silent()]),
      16,
    ],
    ['in passes of two rows', (own) => alternating('mixed', [own, oracle(text, 1)]), 2],
  ])('%s', async (_, mix, maxRows) => {
    const { drafted, faults } = await checkDraftState({
      backend: referenceBackend(),
      model,
      strategy,
      maxRows,
      ...(mix && { mix }),
      run: async (stepper) => {
        await stepper.extend(prompt)
        for (let i = 0; i < 14; i++) await stepper.round(20)
        const { tokens } = stepper.sequence
        expect(tokens).toEqual(text.slice(0, tokens.length))
      },
    })
    expect(faults).toEqual([])
    expect(drafted.length).toBeGreaterThan(3)
  })

  test('also when the session goes back and on with other tokens, from a prompt of one token', async () => {
    const { drafted, faults } = await checkDraftState({
      backend: referenceBackend(),
      model,
      strategy,
      maxRows: 8,
      run: async (stepper) => {
        await stepper.extend(prompt.slice(0, 1))
        for (let i = 0; i < 12; i++) {
          await stepper.round(20)
          stepper.truncate(stepper.sequence.tokens.length - (i % 2))
          await stepper.extend(i % 3 === 0 ? [] : [(13 * i + 5) % 61, (7 * i + 2) % 61])
        }
      },
    })
    expect(faults).toEqual([])
    expect(drafted.length).toBeGreaterThan(8)
  })
})
