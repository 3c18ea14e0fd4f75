import { describe, expect, test } from 'vitest'
import type { WeightFormat, WeightSource } from '../spec'
import { dequantise, rowBytes } from './formats'
import { interleaveRows, pairRows, pairVector, stackRows } from './rows'

interface Counted extends WeightSource {
  readonly reads: [number, number][]
}

/** A matrix whose row r holds `first + r`, which f16 and f32 write exactly. */
function matrix(name: string, rows: number, format: 'f16' | 'f32' = 'f32', first = 0, inputs = 2): Counted {
  const bytes = new Uint8Array(rows * rowBytes(format, inputs))
  const view = new DataView(bytes.buffer)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < inputs; i++) {
      const at = row * inputs + i
      if (format === 'f32') view.setFloat32(4 * at, first + row, true)
      else view.setUint16(2 * at, halfOf(first + row), true)
    }
  const reads: [number, number][] = []
  return {
    name,
    shape: [rows, inputs],
    format,
    reads,
    rows: async (from, to) => {
      reads.push([from, to])
      return bytes.subarray(from * rowBytes(format, inputs), to * rowBytes(format, inputs))
    },
  }
}

/** f16 bits of a small non-negative integer. */
function halfOf(value: number): number {
  const exponent = value === 0 ? -15 : Math.floor(Math.log2(value))
  return ((exponent + 15) << 10) | (value === 0 ? 0 : (value / 2 ** exponent - 1) * 1024)
}

/** The first number of each of the rows. */
async function read(source: WeightSource, from: number, to: number): Promise<number[]> {
  const [, inputs] = source.shape
  const values = new Float32Array((to - from) * inputs)
  dequantise(source.format as WeightFormat, await source.rows(from, to), values)
  return Array.from({ length: to - from }, (_, row) => values[row * inputs] as number)
}

/** Every range of a matrix must read as a part of the whole. */
async function checkRanges(source: WeightSource, whole: readonly number[]): Promise<void> {
  for (let from = 0; from <= whole.length; from++)
    for (let to = from; to <= whole.length; to++) expect(await read(source, from, to)).toEqual(whole.slice(from, to))
}

describe('pairRows', () => {
  test('gives every range of the pair order', async () => {
    const source = pairRows(matrix('q', 16), 8)
    expect(source).toMatchObject({ name: 'q', shape: [16, 2], format: 'f32' })
    await checkRanges(source, [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15])
  })

  test('reads once a range, and little more than it', async () => {
    const stored = matrix('q', 32)
    await pairRows(stored, 8).rows(8, 24)
    await pairRows(stored, 8).rows(9, 11)
    expect(stored.reads).toEqual([
      [8, 24],
      [9, 13],
    ])
  })

  test('keeps blocks of a quantised row whole', async () => {
    const bytes = Uint8Array.from({ length: 4 * 18 }, (_, i) => i)
    const source: WeightSource = {
      name: 'k',
      shape: [4, 32],
      format: 'q4_0',
      rows: async (from, to) => bytes.subarray(18 * from, 18 * to),
    }
    expect([...(await pairRows(source, 4).rows(1, 3))]).toEqual([...bytes.subarray(36, 54), ...bytes.subarray(18, 36)])
  })

  test('refuses rows that are no heads', () => {
    expect(() => pairRows(matrix('q', 12), 8)).toThrow(expect.objectContaining({ code: 'TENSOR_SHAPE' }))
    expect(() => pairVector(new Float32Array(6), 3)).toThrow(expect.objectContaining({ code: 'TENSOR_SHAPE' }))
  })

  test('pairVector does the same to a bias', () => {
    const values = Float32Array.from({ length: 8 }, (_, i) => i)
    expect([...pairVector(values, 4)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
  })
})

describe('stackRows', () => {
  test('gives every range of the stack, and reads only where it lies', async () => {
    const parts = [matrix('a', 3), matrix('b', 1, 'f32', 10), matrix('c', 2, 'f32', 20)]
    const source = stackRows(parts)
    expect(source).toMatchObject({ shape: [6, 2], format: 'f32' })
    await checkRanges(source, [0, 1, 2, 10, 20, 21])
    for (const part of parts) part.reads.length = 0
    await source.rows(1, 4)
    expect(parts.map(({ reads }) => reads)).toEqual([[[1, 3]], [[0, 1]], []])
  })

  test('keeps a common format, and widens where there is none', async () => {
    expect(stackRows([matrix('a', 2, 'f16'), matrix('b', 2, 'f16')]).format).toBe('f16')
    const mixed = stackRows([matrix('a', 2, 'f16', 5), matrix('b', 2, 'f32', 9)])
    expect(mixed.format).toBe('f32')
    await checkRanges(mixed, [5, 6, 9, 10])
  })

  test('refuses different widths and nothing at all', () => {
    const wide = matrix('b', 2, 'f32', 0, 3)
    expect(() => stackRows([matrix('a', 2), wide])).toThrow(expect.objectContaining({ code: 'TENSOR_SHAPE' }))
    expect(() => stackRows([])).toThrow(expect.objectContaining({ code: 'TENSOR_SHAPE' }))
  })
})

describe('interleaveRows', () => {
  test('gives every range of the turns', async () => {
    const source = interleaveRows(matrix('a', 4), matrix('b', 4, 'f32', 10))
    expect(source).toMatchObject({ shape: [8, 2], format: 'f32' })
    await checkRanges(source, [0, 10, 1, 11, 2, 12, 3, 13])
  })

  test('widens where the formats differ', async () => {
    await checkRanges(interleaveRows(matrix('a', 3, 'f16'), matrix('b', 3, 'f32', 10)), [0, 10, 1, 11, 2, 12])
  })

  test('refuses different shapes', () => {
    expect(() => interleaveRows(matrix('a', 3), matrix('b', 4))).toThrow(
      expect.objectContaining({ code: 'TENSOR_SHAPE' }),
    )
  })
})
