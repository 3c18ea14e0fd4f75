import { expect, test } from 'vitest'
import { threefry } from '../../sample'
import type { Backend, WeightSource } from '../../spec'
import { referenceBackend } from '../backend'
import { halfProduct, halveRows, toHalves } from './half'

const random = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => threefry([i, seed, 0, 0], [1, 2, 3, 4])[0] / 2 ** 31 - 1)

test('a value is divided by four and rounded to eleven bits, whatever stands beside it', () => {
  const { values, scales } = halveRows(Float32Array.of(1, -0.5, 1 + 2 ** -12, 2 ** -30), 1, 4, undefined)
  expect([...values]).toEqual([0.25, -0.125, 0.25, 0])
  expect([...scales]).toEqual([4])
  const rows = random(30 * 8, 3).map((value, i) => value * 2 ** ((i >> 3) - 12))
  const halves = halveRows(rows, 30, 8, undefined)
  for (const [i, value] of halves.values.entries()) {
    const exact = rows[i]! / 4
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25))
  }
})

test('a norm multiplies by the gain before rounding and by the root mean square after the product', () => {
  const backend = referenceBackend()
  const gain = backend.tensor([2], 'f32', 'gain')
  backend.write(gain, Float32Array.of(2, 0.5))
  const { values, scales } = halveRows(Float32Array.of(3, 4, 6, 8), 2, 2, { gain, eps: 0 })
  expect([...values]).toEqual([1.5, 0.5, 3, 1])
  expect([...scales]).toEqual([4 / Math.sqrt(12.5), 4 / Math.sqrt(50)].map(Math.fround))
})

test('values beyond the largest half become it, infinities and NaN stay', () => {
  const x = Float32Array.of(2 ** 18, -3.4e38, 0, Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY)
  const { values } = halveRows(x, 2, 3, undefined)
  expect([...values]).toEqual([65504, -65504, 0, Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY])
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
