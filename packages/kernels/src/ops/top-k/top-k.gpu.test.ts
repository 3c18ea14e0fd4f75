import { referenceBackend } from '@outrider/core/reference'
import { type Backend, NO_TOKEN } from '@outrider/core/spec'
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
    [256, 300, 4],
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

  test('and among 255 others', async () => {
    const vocab = 200
    const logits = draw(256, vocab)
    const many = await best(backend, logits, vocab, 3)
    for (const row of [0, 64, 129, 255]) {
      const one = await best(backend, logits.slice(row * vocab, (row + 1) * vocab), vocab, 3)
      expect(one.ids).toEqual(many.ids.slice(row * 3, row * 3 + 3))
      expect(words(one.logProbs)).toEqual(words(many.logProbs.slice(row * 3, row * 3 + 3)))
    }
  })

  const { NaN: none, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number
  test.each([
    ['NaN and -∞ are never chosen, far tails vanish', [none, 3, low, 3, -1e30, none], [1, 3, 4]],
    ['one token', [none, low, none, none, low, -9], [5]],
    ['+∞ takes all', [high, 1, none, high, 3e38, low], [0, 3, 4, 1]],
    ['NaN alone', [none, none, none, none, none, none], []],
    ['-∞ alone', [low, low, low, low, low, low], []],
    ['NaN and -∞', [low, none, none, low, none, low], []],
    ['the least finite one', [none, -3.4028234663852886e38, low, none, none, none], [1]],
  ])('%s', async (_, row, expected) => {
    const logits = Float32Array.from(row)
    const { ids, logProbs } = await best(backend, logits, 6, 6)
    expect([...ids]).toEqual([...expected, ...Array.from({ length: 6 - expected.length }, () => NO_TOKEN)])
    const reference = await best(referenceBackend(), logits, 6, 6)
    expect(ids).toEqual(reference.ids)
    logProbs.forEach((value, j) => {
      const right = reference.logProbs[j]!
      if (Number.isFinite(right)) expect(Math.abs(value - right)).toBeLessThanOrEqual(1e-6 * Math.max(1, -right))
      else expect(value).toBe(right)
    })
    expect(logProbs.indexOf(low)).toBe(expected.length)
  })

  test('the same over several chunks', async () => {
    const vocab = 5000
    const logits = new Float32Array(3 * vocab).fill(none).fill(low, vocab, 2 * vocab)
    logits.set([-4, 2], 2 * vocab + 2047)
    logits[2 * vocab + 4999] = 2
    const found = await best(backend, logits, vocab, 4)
    expect([...found.ids]).toEqual([...new Array(8).fill(NO_TOKEN), 2048, 4999, 2047, NO_TOKEN])
    const expected = await best(referenceBackend(), logits, vocab, 4)
    expect(found.ids).toEqual(expected.ids)
    found.logProbs.forEach((value, j) => {
      if (Number.isFinite(value)) expect(value).toBeCloseTo(expected.logProbs[j]!, 6)
      else expect(value).toBe(expected.logProbs[j])
    })
  })

  test('bounds are refused', async () => {
    await expect(best(backend, draw(1, 8), 8, 9)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(best(backend, draw(1, 80), 80, 33)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(best(backend, draw(1, 80), 80, 0)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})
