import { blockLayout, dequantise } from '@outrider/core/load'
import { describe, expect, test } from 'vitest'
import { fillRandom, generatedFormats, randomMatrix } from './random-weights'

describe.each(generatedFormats)('random weights of %s', (format) => {
  test('are finite, of both signs, and spread as those of an untrained model', async () => {
    const [outputs, inputs] = [64, 2048]
    const values = new Float32Array(outputs * inputs)
    dequantise(format, await randomMatrix(format, outputs, inputs).rows(0, outputs), values)
    expect(values.every(Number.isFinite)).toBe(true)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    // Q4_0 runs from -8 to 7: half a step below zero.
    expect(Math.abs(mean)).toBeLessThan(0.003)
    expect(spread).toBeGreaterThan(0.015)
    expect(spread).toBeLessThan(0.025)
  })

  test('are the same however they are read, and no two rows are alike', async () => {
    const matrix = randomMatrix(format, 4096, 2048, 7)
    const whole = await matrix.rows(0, 4096)
    const rowBytes = whole.length / 4096
    expect(Buffer.compare(await matrix.rows(4000, 4096), whole.subarray(4000 * rowBytes))).toBe(0)
    const rows = new Set(
      Array.from({ length: 4096 }, (_, row) => hash(whole.subarray(row * rowBytes, (row + 1) * rowBytes))),
    )
    expect(rows.size).toBe(4096)
  })

  test('begin with the block that is asked for', () => {
    const { bytes } = blockLayout(format)
    const [first, third] = [new Uint8Array(3 * bytes), new Uint8Array(bytes)]
    fillRandom(format, 0, 0, first)
    fillRandom(format, 2, 0, third)
    expect(Buffer.compare(third, first.subarray(2 * bytes))).toBe(0)
  })
})

/** FNV-1a. */
function hash(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193), 0x811c9dc5)
}
