import { describe, expect, test } from 'vitest'
import { emptyCodes, readCodes } from '../../load/codes'
import fixture from '../../load/fixtures/ggml-blocks.json'
import { blockLayout } from '../../load/formats'
import { threefry } from '../../sample'
import type { Backend, WeightSource } from '../../spec'
import { referenceBackend } from '../backend'
import { fusedMultiplyAdd } from '../fma'
import { int8Product, quantiseRows } from './int8'

const random = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => threefry([i, seed, 0, 0], [1, 2, 3, 4])[0] / 2 ** 31 - 1)

describe('activations as int8', () => {
  test('a scale of eight bits, codes to the nearest, ties to even', () => {
    const x = new Float32Array(64)
    x.set([127, -127, 63, 0.5, 1.5, -2.5, 2.4999998])
    x.set([1, -0.3], 32)
    const { codes, scales, norms } = quantiseRows(x, 1, 64, undefined)
    expect([...codes.subarray(0, 8)]).toEqual([127, -127, 63, 0, 2, -2, 2, 0])
    expect([scales[0], norms[0]]).toEqual([1, 1])
    // 1 / 127 = 1.0000001000000100…b · 2^-7, rounded up to 1.0000010b · 2^-7
    expect(scales[1]).toBe((1 + 2 ** -6) * 2 ** -7)
    expect([...codes.subarray(32, 34)]).toEqual([126, -38])
  })

  test('every code is within half a step of its value and uses the range', () => {
    const x = random(32 * 200, 3).map((value, i) => value * 2 ** (((i >> 5) % 90) - 45))
    const { codes, scales } = quantiseRows(x, 200, 32, undefined)
    for (let block = 0; block < 200; block++) {
      const values = x.subarray(block * 32, (block + 1) * 32)
      const scale = scales[block]!
      const most = Math.max(...values.map(Math.abs))
      expect(scale).toBeGreaterThanOrEqual((most / 127) * (1 - 2 ** -23))
      expect(scale).toBeLessThan((most / 127) * (1 + 2 ** -7))
      for (const [i, value] of values.entries())
        expect(Math.abs(codes[block * 32 + i]! - value / scale)).toBeLessThanOrEqual(0.5 + 2 ** -15)
    }
  })

  test('zeros, tiny and infinite blocks', () => {
    const x = new Float32Array(32 * 5)
    x[33] = 2 ** -101
    x[65] = Number.POSITIVE_INFINITY
    x[97] = Number.NaN
    x[130] = 3.4e38
    const { codes, scales } = quantiseRows(x, 5, 32, undefined)
    expect([...scales.subarray(0, 4)]).toEqual([0, 0, Number.NaN, Number.NaN])
    expect(codes.subarray(0, 128).every((code) => code === 0)).toBe(true)
    expect(codes[130]).toBe(127)
  })
})

const formats = ['q4_0', 'q4_1', 'q8_0', 'q4_k', 'q6_k'] as const
type Format = (typeof formats)[number]

test.each(formats)('%s: a product is the sum of its blocks in 32 slices', (format) => {
  const { bytes, weights } = blockLayout(format)
  const stored = new Uint8Array(Buffer.from(fixture.formats[format].bytes, 'base64')).subarray(0, bytes)
  const width = weights * Math.ceil(1280 / weights)
  const integers = emptyCodes(format, width)!
  for (let first = 0; first < width; first += weights) readCodes(format, stored, integers, first)
  const rows = quantiseRows(random(2 * width, 5), 2, width, undefined)
  const exact = [0, 0]
  for (let r = 0; r < 2; r++)
    for (let k = 0; k < width; k++) {
      const weight = integers.codes[k]! * integers.scales[Math.floor(k / integers.part)]!
      const minimum = integers.minima?.[Math.floor(k / 32)] ?? 0
      const at = r * width + k
      exact[r]! += (weight + minimum) * rows.codes[at]! * rows.scales[Math.floor(at / 32)]!
    }
  const found: number[] = []
  int8Product(rows, integers, 1, width, fusedMultiplyAdd, (row, output, sum, scale) => {
    expect([output, scale]).toEqual([0, 1])
    found[row] = sum
  })
  for (let r = 0; r < 2; r++) {
    expect(Math.abs(found[r]! - exact[r]!)).toBeLessThan(1e-5)
    expect(Math.fround(found[r]!)).toBe(found[r])
  }
})

describe('the backend with the arithmetic i8', () => {
  /** Random weights of the fixture's blocks, in an order of their own. */
  const source = (format: Format, outputs: number, inputs: number): WeightSource => {
    const { bytes, weights } = blockLayout(format)
    const stored = new Uint8Array(Buffer.from(fixture.formats[format].bytes, 'base64'))
    const blocks = stored.length / bytes
    const rowBytes = (inputs / weights) * bytes
    const data = new Uint8Array(outputs * rowBytes)
    for (let at = 0, i = 0; at < data.length; at += bytes, i++) {
      const from = (threefry([i, 0, 0, 0], [5, 0, 0, 0])[0] % blocks) * bytes
      data.set(stored.subarray(from, from + bytes), at)
    }
    return {
      name: format,
      shape: [outputs, inputs] as const,
      format,
      rows: async (from: number, to: number) => data.subarray(from * rowBytes, to * rowBytes),
    }
  }

  /** linear, and gatedLinear over the same weight: the mean square of each. */
  const run = async (backend: Backend, format: Format): Promise<Float32Array[]> => {
    const [rows, inputs, outputs] = [3, 512, 40]
    const weight = await backend.weight(source(format, outputs, inputs), 'w')
    const x = backend.tensor([rows, inputs], 'f32', 'x')
    const gain = backend.tensor([inputs], 'f32', 'gain')
    const out = backend.tensor([rows, outputs], 'f32', 'out')
    const gated = backend.tensor([rows, outputs / 2], 'f32', 'gated')
    backend.write(x, random(rows * inputs, 8))
    backend.write(gain, random(inputs, 9))
    const norm = { gain, eps: 1e-5 }
    const program = backend.program('products', (ops) => {
      ops.linear({ x, weight, out, rows, norm })
      ops.gatedLinear({ x, weight, out: gated, rows })
    })
    return (await backend.submit([program], [out, gated])).map((bytes) => new Float32Array(bytes))
  }

  test.each(formats)('%s: within 1.5 %% of float32, and not float32 itself', async (format) => {
    const [int8, float] = [referenceBackend({ arithmetic: 'i8' }), referenceBackend()]
    expect([int8.info.arithmetic, float.info.arithmetic]).toEqual(['i8', 'f32'])
    const [found, exact] = [await run(int8, format), await run(float, format)]
    for (const [i, values] of found.entries()) {
      const size = Math.hypot(...exact[i]!)
      const error = Math.hypot(...values.map((value, j) => value - exact[i]![j]!)) / size
      expect(error).toBeLessThan(0.015)
      expect(error).toBeGreaterThan(1e-4)
    }
    int8.dispose()
    float.dispose()
  })
})
