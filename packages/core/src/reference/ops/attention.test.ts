import { describe, expect, test } from 'vitest'
import { device, floats, run, tensor, treePass, weight } from '../../../test/support/reference-run'
import type { Weight } from '../../spec'

describe('attention', () => {
  const headDim = 32
  const one = (at: number, value = 1): number[] => Array.from({ length: headDim }, (_, d) => (d === at ? value : 0))

  /** Rows of an identity-like projection: output n takes input n. */
  function identity(outputs: number): Promise<Weight> {
    return weight(
      Array.from({ length: outputs }, (_, n) => Array.from({ length: outputs }, (_, k) => (k === n ? 1 : 0))),
    )
  }

  test('qkv adds the bias, normalises heads, rotates pairs by position and appends keys and values', async () => {
    const w = await identity(3 * headDim)
    const pass = await treePass(5, [7], [-1], 2)
    // Pair 0 turns by a quarter a position from position 5 on; the others stay.
    const table = new Float32Array(8 * headDim)
    for (let position = 0; position < 8; position++)
      for (let i = 0; i < headDim; i += 2) {
        const angle = i === 0 ? ((position - 5) * Math.PI) / 2 : 0
        table.set([Math.round(Math.cos(angle)), Math.round(Math.sin(angle))], position * headDim + i)
      }
    const rope = { table: floats([8, headDim], [...table]) }
    const x = floats(
      [2, 3 * headDim],
      [...one(0, 3), ...one(2, 5), ...one(4, 7), ...one(0, 3), ...one(1, 5), ...one(4, 7)],
    )
    const bias = floats([3 * headDim], [...one(2, 4), ...one(31, 0), ...one(4, 1)])
    const cache = { tensor: floats([2, 2, 1, 8, headDim]), layer: 1 }
    const q = floats([2, headDim])
    const args = { x, weights: [w], heads: 1, kvHeads: 1, headDim, rope, pass, q, cache }
    const [queries, entries] = await run((ops) => ops.qkv({ ...args, bias }), q, cache.tensor)
    const add = (...parts: number[][]) =>
      one(0, 0).map((_, d) => parts.reduce((sum, part) => sum + (part[d] as number), 0))
    // Position 5 stays; position 6 turns (a, b) into (-b, a).
    expect(queries).toEqual([...add(one(0, 3), one(2, 4)), ...add(one(1, 3), one(2, 4))])
    const entry = (which: number, slot: number) => {
      const at = ((2 + which) * 8 + slot) * headDim
      return entries?.slice(at, at + headDim)
    }
    expect([entry(0, 5), entry(0, 6)]).toEqual([one(2, 5), one(0, -5)])
    expect([entry(1, 5), entry(1, 6)]).toEqual([one(4, 8), one(4, 8)])
    expect(entries?.filter((value) => value !== 0).length).toBe(4)
    const headNorm = {
      q: { gain: floats([headDim], new Array(headDim).fill(2)), eps: 0 },
      k: { gain: floats([headDim], new Array(headDim).fill(1)), eps: 0 },
    }
    const [normed, keys] = await run((ops) => ops.qkv({ ...args, headNorm }), q, cache.tensor)
    // A vector with one element has the mean square of a 32nd of its square.
    expect(normed?.[0]).toBeCloseTo(2 * Math.sqrt(32), 5)
    expect(keys?.[(2 * 8 + 5) * headDim + 2]).toBeCloseTo(Math.sqrt(32), 5)
    expect(keys?.[(3 * 8 + 5) * headDim + 4]).toBe(7)
  })

  test('a row sees committed entries and its own path, and query heads share their keys', async () => {
    // Committed slots 0 and 1; rows 0 to 3 at slots 2 to 5: pending, node a, node b (a's sibling), node c below a.
    const pass = await treePass(2, [7, 8, 9], [-1, -1, 0], 4)
    const cache = { tensor: floats([1, 2, 2, 8, headDim]), layer: 0 }
    const values = new Float32Array(2 * 2 * 8 * headDim)
    // Keys are zero, so that every key seen weighs the same; the value at slot s of key head h is one at s + 8 h.
    for (let head = 0; head < 2; head++)
      for (let slot = 0; slot < 8; slot++) values[((2 + head) * 8 + slot) * headDim + slot + 8 * head] = 1
    device.backend.write(cache.tensor, values)
    const q = floats([4, 4 * headDim], new Array(4 * 4 * headDim).fill(1))
    const out = floats([4, 4 * headDim])
    const args = { q, cache, heads: 4, kvHeads: 2, headDim, pass, out }
    const [mixed] = await run((ops) => ops.treeAttention(args), out)
    const seen = (row: number, head: number) => {
      const vector = mixed?.slice((row * 4 + head) * headDim, (row * 4 + head + 1) * headDim) as number[]
      const slots = vector.flatMap((value, at) => (value > 0 ? [at] : []))
      for (const at of slots) expect(vector[at]).toBeCloseTo(1 / slots.length, 6)
      return slots
    }
    const paths = [
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 4],
      [0, 1, 2, 3, 5],
    ]
    for (const [row, slots] of paths.entries())
      for (let head = 0; head < 4; head++) expect(seen(row, head)).toEqual(slots.map((slot) => slot + 8 * (head >> 1)))
  })

  test('a row beyond the reach of its pass is refused', async () => {
    const pass = await treePass(3, [7], [-1], 2)
    const tensors = { q: floats([2, headDim]), cache: { tensor: floats([1, 2, 1, 8, headDim]), layer: 0 } }
    const attend = (reach: number) => {
      const out = floats([2, headDim])
      const args = { ...tensors, heads: 1, kvHeads: 1, headDim, pass: { ...pass, reach }, out }
      return run((ops) => ops.treeAttention(args), out)
    }
    await attend(5)
    await expect(attend(4)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(attend(0)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })

  test('keys weigh by the softmax of their scaled products', async () => {
    const pass = await treePass(1, [], [], 1)
    const cache = { tensor: floats([1, 2, 1, 2, headDim]), layer: 0 }
    device.backend.write(cache.tensor, Float32Array.from([...one(0, 1), ...one(0, 3), ...one(0), ...one(1)]))
    const out = floats([1, headDim])
    const q = floats([1, headDim], one(0, Math.sqrt(headDim)))
    const [mixed] = await run((ops) => ops.treeAttention({ q, cache, heads: 1, kvHeads: 1, headDim, pass, out }), out)
    const share = 1 / (1 + Math.exp(2))
    expect(mixed?.[0]).toBeCloseTo(share, 6)
    expect(mixed?.[1]).toBeCloseTo(1 - share, 6)
  })

  test('a f16 cache holds rounded values', async () => {
    const cache = tensor([1, 2, 1, 2, headDim], 'f16')
    device.backend.write(cache, Uint16Array.of(0x3c01))
    const [bytes] = await device.backend.submit([], [cache])
    expect(new Uint16Array(bytes as ArrayBuffer)[0]).toBe(0x3c01)
    expect(cache.bytes).toBe(2 * 2 * headDim * 2)
  })
})
