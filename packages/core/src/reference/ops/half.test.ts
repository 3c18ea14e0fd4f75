import { expect, test } from 'vitest'
import { threefry } from '../../sample'
import type { Backend, WeightSource } from '../../spec'
import { referenceBackend } from '../backend'
import { halfProduct, halveRows, toHalves } from './half'

const random = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => threefry([i, seed, 0, 0], [1, 2, 3, 4])[0] / 2 ** 31 - 1)

test('a row is scaled to 2^14 and more, then rounded to eleven bits', () => {
  const { values, scales } = halveRows(Float32Array.of(1, -0.5, 1 + 2 ** -12, 2 ** -30), 1, 4, undefined)
  expect([...values]).toEqual([2 ** 14, -(2 ** 13), 2 ** 14, 2 ** -16])
  expect(scales[0]).toBe(2 ** -14)
  const rows = random(200 * 8, 3).map((value, i) => value * 2 ** ((i >> 3) - 90))
  const halves = halveRows(rows, 200, 8, undefined)
  for (let r = 0; r < 200; r++) {
    const own = halves.values.subarray(r * 8, (r + 1) * 8)
    const largest = Math.max(...own.map(Math.abs))
    expect(largest).toBeGreaterThanOrEqual(2 ** 14)
    expect(largest).toBeLessThanOrEqual(2 ** 15)
    for (const [i, value] of own.entries()) {
      const exact = rows[r * 8 + i]! / halves.scales[r]!
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -11)
    }
  }
})

test('zeros, tiny and infinite rows', () => {
  const x = new Float32Array(20)
  x[5] = 2 ** -101
  x[9] = Number.POSITIVE_INFINITY
  x[13] = Number.NaN
  x[17] = 3.4e38
  const { values, scales } = halveRows(x, 5, 4, undefined)
  expect([...scales]).toEqual([0, 0, Number.NaN, Number.NaN, 2 ** 113])
  expect(values.subarray(0, 16).every((value) => value === 0)).toBe(true)
  expect(values[17]).toBe(32736)
})

test('weights too large for a half become the largest', () => {
  expect([...toHalves(Float32Array.of(1e6, -1e6, 0.1, 65504))]).toEqual([65504, -65504, 0.0999755859375, 65504])
})

test('a product is the exact sum of products, rounded once', () => {
  const x = halveRows(random(3 * 100, 1), 3, 100, undefined)
  const weight = toHalves(random(2 * 100, 2))
  let calls = 0
  halfProduct(x, weight, 2, 100, (row, output, sum, scale) => {
    calls++
    let exact = 0
    for (let k = 0; k < 100; k++) exact += weight[output * 100 + k]! * x.values[row * 100 + k]!
    expect(sum).toBe(Math.fround(exact))
    expect(scale).toBe(x.scales[row])
  })
  expect(calls).toBe(6)
})

test('linear and gatedLinear: within 1e-6 of float32, squared and normalised, and not float32 itself', async () => {
  const [rows, inputs, outputs] = [3, 512, 40]
  const data = random(outputs * inputs, 7)
  const source: WeightSource = {
    name: 'w',
    shape: [outputs, inputs],
    format: 'f32',
    rows: async (from, to) => new Uint8Array(data.buffer, from * inputs * 4, (to - from) * inputs * 4),
  }
  const run = async (backend: Backend): Promise<Float32Array[]> => {
    const weight = await backend.weight(source, 'w')
    const x = backend.tensor([rows, inputs], 'f32', 'x')
    const gain = backend.tensor([inputs], 'f32', 'gain')
    const out = backend.tensor([rows, outputs], 'f32', 'out')
    const gated = backend.tensor([rows, outputs / 2], 'f32', 'gated')
    backend.write(x, random(rows * inputs, 8))
    backend.write(gain, random(inputs, 9))
    const norm = { gain, eps: 1e-5 }
    const program = backend.program('products', (ops) => {
      ops.linear({ x, weight, out, rows, norm })
      ops.gatedLinear({ x, weight, out: gated, rows, norm })
    })
    const read = await backend.submit([program], [out, gated])
    backend.dispose()
    return read.map((bytes) => new Float32Array(bytes))
  }
  const [found, exact] = [await run(referenceBackend({ arithmetic: 'f16' })), await run(referenceBackend())]
  for (const [i, values] of found.entries()) {
    const size = Math.hypot(...exact[i]!)
    const error = (Math.hypot(...values.map((value, j) => value - exact[i]![j]!)) / size) ** 2
    expect(error).toBeLessThan(1e-6)
    expect(error).toBeGreaterThan(1e-10)
  }
})
