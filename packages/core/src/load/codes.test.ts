import { expect, test } from 'vitest'
import { emptyCodes, readCodes } from './codes'
import fixture from './fixtures/ggml-blocks.json'
import { blockLayout, dequantise } from './formats'

const quantised = ['q4_0', 'q4_1', 'q8_0', 'q4_k', 'q6_k'] as const

test.each(quantised)('%s: code · scale + minimum is the weight', (format) => {
  const blocks = new Uint8Array(Buffer.from(fixture.formats[format].bytes, 'base64'))
  const layout = blockLayout(format)
  const count = (blocks.length / layout.bytes) * layout.weights
  const values = new Float32Array(count)
  dequantise(format, blocks, values)
  const integers = emptyCodes(format, count + layout.weights)!
  readCodes(format, blocks, integers, layout.weights)
  const made = values.map((_, i) => {
    const at = i + layout.weights
    const minimum = integers.minima?.[Math.floor(at / 32)] ?? 0
    return integers.codes[at]! * integers.scales[Math.floor(at / integers.part)]! + minimum
  })
  expect(made).toEqual(values.map((value) => value + 0)) // without -0
  expect(integers.codes.subarray(layout.weights).some((code) => code !== 0)).toBe(true)
  expect(integers.codes.subarray(0, layout.weights).every((code) => code === 0)).toBe(true)
})

test('formats of floats have no integers', () => {
  for (const format of ['f32', 'f16', 'bf16'] as const) expect(emptyCodes(format, 64)).toBeUndefined()
})
