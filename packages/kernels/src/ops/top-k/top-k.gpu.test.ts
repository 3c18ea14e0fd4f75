import { referenceBackend } from '@outrider/core/reference'
import type { Backend } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '../../../test/backends'
import { run, words } from '../../../test/run'
import { random } from '../../../test/weight-source'
import { webgpu } from '../../index.node'

/** Logits with some ties: multiples of 1/16 from -8 to 8. */
function draw(rows: number, vocab: number): Float32Array {
  const next = random(rows * vocab)
  return Float32Array.from({ length: rows * vocab }, () => Math.round(next() * 256) / 16 - 8)
}

async function best(backend: Backend, logits: Float32Array, vocab: number, k: number, at = 0) {
  const rows = logits.length / vocab
  const [ids, logProbs] = await run(backend, {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      ids: { shape: [at + rows * k], dtype: 'u32' },
      logProbs: { shape: [at + rows * k] },
    },
    read: ['ids', 'logProbs'],
    record: (ops, t) => ops.topK({ logits: t('logits'), vocab, rows, k, ids: t('ids'), logProbs: t('logProbs'), at }),
  })
  return { ids: ids as Uint32Array, logProbs: logProbs as Float32Array }
}

const bitsOf = new Map<string, Uint32Array>()

describe.each(paths)('topK through $path', ({ options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test.each([
    [1, 5, 5],
    [3, 100, 1],
    [8, 2048, 4],
    [17, 2049, 10],
    [2, 8192, 32],
    [1, 49152, 3],
  ])('%i rows of %i, the best %i', async (rows, vocab, k) => {
    const logits = draw(rows, vocab)
    const found = await best(backend, logits, vocab, k, 2)
    const expected = await best(referenceBackend(), logits, vocab, k, 2)
    expect(found.ids).toEqual(expected.ids)
    for (const [i, value] of found.logProbs.entries())
      expect(Math.abs(value - expected.logProbs[i]!)).toBeLessThan(4e-6)
    const key = `${rows} ${vocab} ${k}`
    const other = bitsOf.get(key)
    if (other) expect(words(found.logProbs)).toEqual(other)
    bitsOf.set(key, words(found.logProbs))
  })

  test('a row is the same, bit for bit, alone and among others', async () => {
    const vocab = 5000
    const logits = draw(9, vocab)
    const many = await best(backend, logits, vocab, 4)
    for (const row of [0, 4, 8]) {
      const one = await best(backend, logits.slice(row * vocab, (row + 1) * vocab), vocab, 4)
      expect(one.ids).toEqual(many.ids.slice(row * 4, row * 4 + 4))
      expect(words(one.logProbs)).toEqual(words(many.logProbs.slice(row * 4, row * 4 + 4)))
    }
  })

  test('NaN is the smallest and takes no probability; far tails vanish', async () => {
    const { NaN: none, NEGATIVE_INFINITY: low } = Number
    const { ids, logProbs } = await best(backend, Float32Array.of(none, 3, low, 3, -1e30, none), 6, 6)
    expect([...ids]).toEqual([1, 3, 4, 0, 2, 5])
    expect(logProbs[0]).toBeCloseTo(-Math.LN2, 6)
    expect(logProbs[2]).toBeCloseTo(-1e30, -25)
  })

  test('bounds are refused', async () => {
    await expect(best(backend, draw(1, 8), 8, 9)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(best(backend, draw(1, 80), 80, 33)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(best(backend, draw(1, 80), 80, 0)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})
