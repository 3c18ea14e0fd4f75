import { referenceBackend } from '@outrider/core/reference'
import { type Backend, NO_TOKEN } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '../../../test/backends'
import { u32 } from '../../../test/outcomes'
import { run, words } from '../../../test/run'
import { drawLogits } from '../../../test/sampling'
import { webgpu } from '../../index.node'

async function logProbs(backend: Backend, logits: Float32Array, vocab: number, ids: readonly number[]) {
  const rows = logits.length / vocab
  const [out] = await run(backend, {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      ids: u32([1, ...ids]),
      out: { shape: [1 + rows] },
    },
    read: ['out'],
    record: (ops, t) => ops.logProbsOf({ logits: t('logits'), vocab, rows, ids: t('ids'), out: t('out'), at: 1 }),
  })
  return (out as Float32Array).slice(1)
}

describe.each(paths)('logProbsOf through $path', ({ options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test.each([
    [1, 1],
    [3, 100],
    [64, 2048],
    [70, 300],
    [2, 9001],
  ])('%i rows of %i', async (rows, vocab) => {
    const logits = drawLogits(rows, vocab, 4)
    const ids = Array.from({ length: rows }, (_, r) => (r * 37) % vocab)
    const found = await logProbs(backend, logits, vocab, ids)
    const expected = await logProbs(referenceBackend(), logits, vocab, ids)
    for (const [r, value] of expected.entries()) expect(Math.abs(found[r]! - value)).toBeLessThan(1e-5)
    const alone = await logProbs(backend, logits.slice(-vocab), vocab, ids.slice(-1))
    expect(words(alone)).toEqual(words(found.slice(-1)))
  })

  test('what has no probability', async () => {
    const { NaN: none, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number
    const logits = Float32Array.of(none, 0, low, 2, low, low, low, none, 0, high, 5, 0, 1, 2, 3, 4)
    const rows = Float32Array.from([...logits, ...logits.subarray(8)])
    expect([...(await logProbs(backend, rows, 4, [0, 2, 1, NO_TOKEN, 1, 4]))]).toEqual([low, low, 0, low, 0, low])
  })
})
