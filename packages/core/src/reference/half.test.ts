import { describe, expect, it } from 'vitest'
import { fromHalf, toHalf } from './half'

describe('binary16', () => {
  it('gives every finite number back', () => {
    for (let half = 0; half < 0x10000; half++) {
      if (((half >> 10) & 31) === 31) continue
      expect(toHalf(fromHalf(half))).toBe(half)
    }
  })

  it('rounds to nearest, ties to even, and overflows to infinity', () => {
    expect(fromHalf(toHalf(1 + 2 ** -11))).toBe(1)
    expect(fromHalf(toHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9)
    expect(fromHalf(toHalf(65519))).toBe(65504)
    expect(fromHalf(toHalf(65520))).toBe(Number.POSITIVE_INFINITY)
    expect(fromHalf(toHalf(2 ** -25))).toBe(0)
    expect(fromHalf(toHalf(-(2 ** -24)))).toBe(-(2 ** -24))
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN()
  })
})
