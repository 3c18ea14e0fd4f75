import { expect, test } from 'vitest'
import { gumbelOf, noiseWords, uniformOf } from './noise'

const key = { seedLow: 1, seedHigh: 2, sequence: 3, stream: 4 }

test('every part of the key, the position and the token give words of their own', () => {
  const all = [
    noiseWords(key, 5, 6),
    noiseWords(key, 5, 7),
    noiseWords(key, 6, 6),
    ...(['seedLow', 'seedHigh', 'sequence', 'stream'] as const).map((part) =>
      noiseWords({ ...key, [part]: key[part] + 1 }, 5, 6),
    ),
  ].flat()
  expect(new Set(all).size).toBe(28)
  expect(noiseWords(key, 5, 6)).toEqual(noiseWords({ ...key }, 5, 6))
})

test('a word stands for the middle of its like: never 0, never 1, exact in f32', () => {
  expect(uniformOf(0)).toBe(2 ** -33)
  expect(uniformOf(1)).toBe(1.5 * 2 ** -32)
  expect(uniformOf(0xffffffff)).toBe(1 - 2 ** -24)
  for (let word = 1; word < 2 ** 32; word = word * 3 + 1) {
    const value = uniformOf(word)
    expect(Math.fround(value)).toBe(value)
    expect(Math.abs(value * 2 ** 32 - word - 0.5)).toBeLessThan(Math.max(1, word * 2 ** -23))
    expect(value).toBeGreaterThan(uniformOf(word - 1 - (word >>> 22)))
  }
})

test('noise falls with its word and has the mean and variance of Gumbel’s distribution', () => {
  expect(gumbelOf(0)).toBeCloseTo(22.8738, 3)
  expect(gumbelOf(0xffffffff)).toBeCloseTo(-2.8115, 3)
  const count = 1 << 16
  const values = Array.from({ length: count }, (_, i) => gumbelOf((i + 0.5) * 2 ** 16))
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
  expect(mean).toBeCloseTo(0.577216, 3)
  expect(variance).toBeCloseTo(Math.PI ** 2 / 6, 2)
})
