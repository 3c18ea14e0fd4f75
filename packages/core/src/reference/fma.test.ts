import { expect, test } from 'vitest'
import { threefry } from '../sample'
import { fusedMultiplyAdd, separateMultiplyAdd } from './fma'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** A finite f32 as integer · 2^exponent. */
function exact(value: number): { integer: bigint; exponent: number } {
  float[0] = value
  const word = bits[0] as number
  const exponent = Math.max(1, (word >>> 23) & 255)
  const mantissa = (word & 0x7fffff) | (((word >>> 23) & 255) === 0 ? 0 : 0x800000)
  return { integer: BigInt(word >>> 31 ? -mantissa : mantissa), exponent: exponent - 150 }
}

/** integer · 2^exponent rounded to f32, ties to even: for results of normal size. */
function rounded(integer: bigint, exponent: number): number {
  let [size, shift] = [integer < 0n ? -integer : integer, exponent]
  const drop = size.toString(2).length - 24
  if (drop > 0) {
    const [unit, half] = [1n << BigInt(drop), 1n << BigInt(drop - 1)]
    const rest = size & (unit - 1n)
    size >>= BigInt(drop)
    if (rest > half || (rest === half && size & 1n)) size++
    shift += drop
  }
  return (integer < 0n ? -1 : 1) * Number(size) * 2 ** shift
}

function byIntegers(a: number, b: number, c: number): number {
  const [x, y, z] = [exact(a), exact(b), exact(c)]
  const low = Math.min(x.exponent + y.exponent, z.exponent)
  const product = (x.integer * y.integer) << BigInt(x.exponent + y.exponent - low)
  return rounded(product + (z.integer << BigInt(z.exponent - low)), low)
}

test('rounds once, as whole numbers do it', () => {
  for (let i = 0; i < 20_000; i++) {
    const words = threefry([i, 0, 0, 0], [1, 2, 3, 4])
    // Few significant bits and far exponents make halfway cases frequent.
    const part = (word: number, keep: number): number =>
      Math.fround((1 + ((word & 0x7fffff) >>> (23 - keep)) / 2 ** keep) * (word >>> 31 ? -1 : 1))
    const [a, b] = [part(words[0]!, 12), part(words[1]!, 12)]
    const c = part(words[2]!, 23) * 2 ** -((words[3]! % 60) - 30)
    const expected = byIntegers(a, b, c)
    expect(fusedMultiplyAdd(a, b, c), `${a} · ${b} + ${c}`).toBe(expected)
  }
  expect(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, -1)).toBe(2 ** -11 + 2 ** -24)
})

test('halfway between two numbers but for what double drops', () => {
  const a = 1 + 2 ** -12
  const halfway = [1 + 2 ** -11, a, 1] as const // (1 + 2^-11)(1 + 2^-12) + 1 = 2 + … + 2^-23, halfway above 2
  for (const [x, y, c] of [halfway, [a, a, 2 ** -60], [a, a, -(2 ** -60)], [-a, a, 2 ** -60]] as const)
    expect(fusedMultiplyAdd(x, y, c)).toBe(byIntegers(x, y, c))
})

test('infinities and NaN pass through', () => {
  expect(fusedMultiplyAdd(3e38, 10, 0)).toBe(Number.POSITIVE_INFINITY)
  expect(fusedMultiplyAdd(3e38, -10, 1e30)).toBe(Number.NEGATIVE_INFINITY)
  expect(fusedMultiplyAdd(Number.NaN, 0, 1)).toBeNaN()
})

test('separately, the product is rounded first', () => {
  expect(separateMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, -1)).toBe(2 ** -11)
})
