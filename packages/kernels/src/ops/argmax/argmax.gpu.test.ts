import { referenceBackend } from '@outrider/core/reference'
import { type Backend, NO_TOKEN } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../../test/run'
import { random } from '../../../test/weight-source'
import { webgpu } from '../../index.node'

/** Logits with many ties: whole numbers from -40 to 40. */
function tied(rows: number, vocab: number): Float32Array {
  const next = random(rows + vocab)
  return Float32Array.from({ length: rows * vocab }, () => Math.round(next() * 80) - 40)
}

async function best(
  backend: Backend,
  logits: Float32Array,
  vocab: number,
  at = 0,
  map?: Uint32Array,
): Promise<Uint32Array> {
  const rows = logits.length / vocab
  const [out] = await run(backend, {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      out: { shape: [at + rows], dtype: 'u32' },
      map: { shape: [vocab], dtype: 'u32', ...(map && { data: map }) },
    },
    read: ['out'],
    record: (ops, t) =>
      ops.argmax({ logits: t('logits'), vocab, rows, out: t('out'), at, ...(map && { targetIds: t('map') }) }),
  })
  return out as Uint32Array
}

describe('argmax', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu()
  })
  afterAll(() => backend.dispose())

  test.each([
    [1, 1],
    [3, 100],
    [64, 2048],
    [256, 300],
    [256, 4100],
    [2, 4096],
    [5, 4097],
    [2, 49152],
  ])('%i rows of %i: the lowest of equals', async (rows, vocab) => {
    const logits = tied(rows, vocab)
    const found = await best(backend, logits, vocab, 3)
    expect(found).toEqual(await best(referenceBackend(), logits, vocab, 3))
    for (let r = 0; r < rows; r++) {
      const row = logits.subarray(r * vocab, (r + 1) * vocab)
      expect(found[3 + r]).toBe(row.indexOf(row.reduce((a, b) => Math.max(a, b))))
    }
  })

  test.each([100, 5000])('of %i tokens the target’s id, where there is one', async (vocab) => {
    const logits = tied(3, vocab).fill(Number.NaN, vocab, 2 * vocab)
    const map = Uint32Array.from({ length: vocab }, (_, id) => 7 * id + 3)
    const plain = await best(backend, logits, vocab)
    const found = await best(backend, logits, vocab, 2, map)
    expect([...found.subarray(2)]).toEqual([map[plain[0]!], NO_TOKEN, map[plain[2]!]])
    expect(found).toEqual(await best(referenceBackend(), logits, vocab, 2, map))
  })

  test('NaN and -∞ never win, -0 equals 0, +∞ wins, a row of nothing else has no token', async () => {
    const { NaN: none, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number
    const rows: readonly (readonly [readonly number[], number])[] = [
      [[none, -5, none, -4], 3],
      [[none, low, none, -1e38], 3],
      [[-1, -0, 0, -0], 1],
      [[-1, 0, -0, 0], 1],
      [[1e38, high, 3, high], 1],
      [[none, low, high, none], 2],
      [[1e-42, 0, 1e-41, -1e-45], 2],
      [[-3.4028234663852886e38, none, low, low], 0],
      [[none, none, none, none], NO_TOKEN],
      [[low, low, low, low], NO_TOKEN],
      [[low, none, none, low], NO_TOKEN],
    ]
    const logits = Float32Array.from(rows.flatMap(([row]) => row))
    const found = await best(backend, logits, 4)
    expect([...found]).toEqual(rows.map(([, token]) => token))
    expect(found).toEqual(await best(referenceBackend(), logits, 4))
  })

  test('the same over several chunks: one token in a row of nothing, and none', async () => {
    const vocab = 9000
    const logits = new Float32Array(4 * vocab).fill(Number.NaN).fill(Number.NEGATIVE_INFINITY, vocab, 2 * vocab)
    logits[2 * vocab + 8999] = -7
    logits[3 * vocab + 4096] = Number.POSITIVE_INFINITY
    const found = await best(backend, logits, vocab)
    expect([...found]).toEqual([NO_TOKEN, NO_TOKEN, 8999, 4096])
    expect(found).toEqual(await best(referenceBackend(), logits, vocab))
  })
})
