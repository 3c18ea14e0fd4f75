import { describe, expect, test } from 'vitest'
import { device, floats, run, treePass, weight, words } from '../../../test/support/reference-run'
import type { Norm } from '../../spec'

describe('arithmetic', () => {
  const norm = (gain: readonly number[], eps = 0): Norm => ({ gain: floats([gain.length], gain), eps })

  test('embed takes the rows of the tokens and leaves padding alone', async () => {
    const table = await weight([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    const pass = await treePass(4, [2, 0], [-1, 0], 4)
    const out = floats([4, 2], [9, 9, 9, 9, 9, 9, 9, 9])
    device.backend.write(pass.tokens, Uint32Array.of(1))
    expect(await run((ops) => ops.embed({ table, pass, out }), out)).toEqual([[3, 4, 5, 6, 1, 2, 9, 9]])
  })

  test('rmsNorm divides by the root of the mean square', async () => {
    const x = floats([2, 2], [3, 4, 0, 0])
    const out = floats([2, 2])
    const [y] = await run((ops) => ops.rmsNorm({ x, norm: norm([1, 10], 0.5), out, rows: 2 }), out)
    const scale = 1 / Math.sqrt(12.5 + 0.5)
    expect(y).toEqual([3 * scale, 40 * scale, 0, 0].map(Math.fround))
  })

  test('linear multiplies, normalises, adds a bias and accumulates', async () => {
    const w = await weight([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    const x = floats([2, 2], [1, 1, 2, -1])
    const out = floats([2, 3])
    const bias = floats([3], [100, 200, 300])
    expect(await run((ops) => ops.linear({ x, weight: w, out, rows: 2 }), out)).toEqual([[3, 7, 11, 0, 2, 4]])
    const again = await run((ops) => ops.linear({ x, weight: w, out, rows: 1, bias, accumulate: true }), out)
    expect(again).toEqual([[106, 214, 322, 0, 2, 4]])
    const addend = floats([1, 3], [10, 20, 30])
    expect(await run((ops) => ops.linear({ x, weight: w, out, rows: 1, addend }), out)).toEqual([[13, 27, 41, 0, 2, 4]])
    const [one, other] = [floats([2, 1], [1, 2]), floats([2, 1], [1, -1])]
    const parts = await run((ops) => ops.linear({ x: [{ x: one }, { x: other }], weight: w, out, rows: 2 }), out)
    expect(parts).toEqual([[3, 7, 11, 0, 2, 4]])
    const normed = await run((ops) => ops.linear({ x, weight: w, out, rows: 1, norm: norm([2, 1]) }), out)
    expect(normed).toEqual([[4, 10, 16, 0, 2, 4]])
  })

  test('gatedLinear: silu of the even rows times the odd ones', async () => {
    const w = await weight([
      [1, 0],
      [0, 1],
      [2, 0],
      [0, 3],
    ])
    const x = floats([1, 2], [1.5, -2])
    const out = floats([1, 2])
    const silu = (a: number) => a / (1 + Math.exp(-a))
    const [y] = await run((ops) => ops.gatedLinear({ x, weight: w, out, rows: 1 }), out)
    expect(y).toEqual([silu(1.5) * -2, silu(3) * -6].map(Math.fround))
  })

  test('add, concat, gatherRows and gatherLast move what they say', async () => {
    const a = floats([3, 2], [1, 2, 3, 4, 5, 6])
    const b = floats([3, 2], [10, 20, 30, 40, 50, 60])
    const out = floats([3, 2])
    expect(await run((ops) => ops.add({ a, b, out, rows: 2 }), out)).toEqual([[11, 22, 33, 44, 0, 0]])
    const wide = floats([3, 4])
    const joined = await run(
      (ops) => ops.concat({ parts: [{ x: a, norm: norm([1, 1]) }, { x: b }], out: wide, rows: 1 }),
      wide,
    )
    const scale = 1 / Math.sqrt(2.5)
    expect(joined).toEqual([[scale, 2 * scale, 10, 20, 0, 0, 0, 0, 0, 0, 0, 0].map(Math.fround)])
    const again = floats([3, 2])
    const before = norm([2, 1])
    await run((ops) => ops.concat({ parts: [{ x: a, before, norm: norm([1, 3]) }], out: again, rows: 1 }), again)
    await run((ops) => ops.rmsNorm({ x: a, norm: before, out, rows: 1 }), out)
    const twice = await run((ops) => ops.rmsNorm({ x: out, norm: norm([1, 3]), out, rows: 1 }), out)
    expect(await run(() => {}, again)).toEqual([[...(twice[0] as number[]).slice(0, 2), 0, 0, 0, 0]])
    await run((ops) => ops.add({ a, b, out, rows: 2 }), out)
    const indices = words(3, [9, 2, 0])
    expect(await run((ops) => ops.gatherRows({ x: a, indices, at: 1, rows: 2, out }), out)).toEqual([
      [5, 6, 1, 2, 0, 0],
    ])
    const pass = await treePass(4, [7], [-1], 3)
    const last = floats([1, 2])
    expect(await run((ops) => ops.gatherLast({ x: a, pass, out: last }), last)).toEqual([[3, 4]])
  })
})
