import { describe, expect, test } from 'vitest'
import { floats, read, run, words } from '../../../test/support/reference-run'
import { NO_TOKEN } from '../../spec'

describe('choices', () => {
  const { NaN: nan, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number

  test.each<[string, number[], number]>([
    ['the largest', [1, 3, 2], 1],
    ['the lowest of equals', [0, 2, 2, 2], 1],
    ['of zeros of both signs the lowest', [-1, -0, 0], 1],
    ['not a NaN', [nan, 1, nan, 2, nan], 3],
    ['the only number', [nan, low, -5], 2],
    ['infinity', [1, high, high], 1],
    ['none where nothing is finite', [nan, low, nan], NO_TOKEN],
    ['none where all is -∞', [low, low], NO_TOKEN],
  ])('argmax takes %s', async (_, row, expected) => {
    const logits = floats([2, row.length], [...row.map(() => 0), ...row])
    const out = words(4, [5, 5, 5, 5])
    await run((ops) => ops.argmax({ logits, vocab: row.length, rows: 2, out, at: 1 }))
    expect(await read(out)).toEqual([[5, 0, expected, 5]])
  })

  test('topK is best first, the lower token of equals first, and NaN last', async () => {
    const logits = floats([2, 5], [1, 4, nan, 4, 2, 0, 0, 0, 0, 0])
    const [ids, logProbs] = [words(9), floats([9])]
    const [tokens, scores] = await run(
      (ops) => ops.topK({ logits, vocab: 5, rows: 2, k: 4, ids, logProbs, at: 1 }),
      ids,
      logProbs,
    )
    expect(tokens).toEqual([0, 1, 3, 4, 0, 0, 1, 2, 3])
    const total = Math.log(2 * Math.exp(4) + Math.exp(2) + Math.exp(1))
    expect(scores?.slice(1, 5).map((v) => v.toFixed(5))).toEqual([4, 4, 2, 1].map((v) => (v - total).toFixed(5)))
    for (const score of scores?.slice(5) ?? []) expect(score).toBeCloseTo(-Math.log(5), 6)
  })
})
