import { describe, expect, test } from 'vitest'
import type { WeightFormat } from '../spec'
import fixture from './fixtures/ggml-blocks.json'
import { blockLayout, dequantise, rowBytes } from './formats'

function widen(format: WeightFormat, bytes: Uint8Array): Float32Array {
  const { weights, bytes: block } = blockLayout(format)
  const out = new Float32Array((bytes.length / block) * weights)
  dequantise(format, bytes, out)
  return out
}

/** f16 bits: 0x3800 is 0.5, 0xc000 is -2, 0x3400 is 0.25. */
const half = { one: [0x00, 0x3c], half: [0x00, 0x38], minusTwo: [0x00, 0xc0], quarter: [0x00, 0x34] }

describe('blocks by hand', () => {
  test('f32 and bf16, at any alignment', () => {
    expect([...widen('f32', new Uint8Array([9, 0, 0, 0x80, 0x3f]).subarray(1))]).toEqual([1])
    expect([...widen('bf16', new Uint8Array([9, 0x80, 0xbf, 0x40, 0x40]).subarray(1))]).toEqual([-1, 3])
  })

  test('f16: zeros keep their sign, subnormals and infinities are themselves', () => {
    const values = widen('f16', new Uint8Array([0x00, 0x80, 0x01, 0x00, 0x00, 0xfc, 0xff, 0x7b]))
    expect([...values]).toEqual([-0, 2 ** -24, Number.NEGATIVE_INFINITY, 65504])
    expect(widen('f16', new Uint8Array([0x01, 0x7e]))[0]).toBeNaN()
  })

  test('Q8_0: signed bytes times the scale', () => {
    const values = widen('q8_0', new Uint8Array([...half.half, 1, 0xff, 0x80, 127, ...new Array(28).fill(0)]))
    expect([...values.subarray(0, 5)]).toEqual([0.5, -0.5, -64, 63.5, 0])
  })

  test('Q4_0: low nibbles are the first half, high ones the second, 8 is zero', () => {
    const values = widen('q4_0', new Uint8Array([...half.minusTwo, 0xf0, 0x98, ...new Array(14).fill(0x88)]))
    expect([...values.subarray(0, 3)]).toEqual([16, -0, -0])
    expect([...values.subarray(16, 19)]).toEqual([-14, -2, -0])
  })

  test('Q4_1: nibble times scale plus minimum', () => {
    const bytes = [...half.half, ...half.minusTwo, 0xf1, ...new Array(15).fill(0)]
    const values = widen('q4_1', new Uint8Array(bytes))
    expect([values[0], values[1], values[16], values[17]]).toEqual([-1.5, -2, 5.5, -2])
  })

  test('Q4_K: six-bit scales and minima, the upper four split over two bytes', () => {
    const bytes = new Uint8Array(144)
    bytes.set([...half.one, ...half.half])
    // Scales of part 0 and 4: 3 and 0b10_0101; minima: 2 and 0b01_0110.
    bytes[4] = 0b10_000011
    bytes[8] = 0b01_000010
    bytes[12] = 0b0110_0101
    bytes[16] = 0x0f // first weight of part 0 (low) and part 1 (high)
    bytes[16 + 64] = 0x04 // first weight of part 4 (low)
    const values = widen('q4_k', bytes)
    expect(values[0]).toBe(3 * 15 - 0.5 * 2)
    expect(values[1]).toBe(-0.5 * 2)
    expect(values[32]).toBe(0)
    expect(values[128]).toBe(0b100101 * 4 - 0.5 * 0b010110)
  })

  test('Q6_K: four low and two high bits, 32 is zero, a signed scale for 16 weights', () => {
    const bytes = new Uint8Array(210)
    bytes.set(half.quarter, 208)
    bytes.set([1, 0xfe], 192) // scales of weights 0 to 15 and 16 to 31: 1 and -2
    bytes[192 + 14] = 4 // weights 224 to 239
    bytes[0] = 0x05 // low bits of weight 0, and (high nibble) of weight 64
    bytes[128] = 0b11 // high bits of weight 0
    bytes[64 + 32] = 0x70 // second half: low bits of weight 224 in the high nibble
    bytes[128 + 32] = 0b01_000000 // its high bits
    const values = widen('q6_k', bytes)
    expect(values[0]).toBe(0.25 * (0b110101 - 32))
    expect(values[16]).toBe(0.25 * -2 * -32)
    expect(values[224]).toBe(0.25 * 4 * (0b010111 - 32))
    expect(values[225]).toBe(0.25 * 4 * -32)
  })
})

describe("ggml's own numbers", () => {
  test.each(Object.entries(fixture.formats))('%s', (format, { bytes, values }) => {
    const expected = Buffer.from(values, 'base64')
    const found = widen(format as WeightFormat, new Uint8Array(Buffer.from(bytes, 'base64')))
    expect(found.length).toBeGreaterThan(8)
    expect(Buffer.from(found.buffer).equals(expected)).toBe(true)
  })
})

test('bytes of a row', () => {
  expect(rowBytes('q8_0', 576)).toBe(612)
  expect(rowBytes('q4_k', 512)).toBe(288)
  expect(rowBytes('bf16', 3)).toBe(6)
  expect(() => rowBytes('q6_k', 576)).toThrow(expect.objectContaining({ code: 'TENSOR_SHAPE' }))
})

test('bytes that do not fit the weights are an error', () => {
  const message = expect.objectContaining({ code: 'TENSOR_SHAPE' })
  expect(() => dequantise('f16', new Uint8Array(3), new Float32Array(2))).toThrow(message)
})
