import { expect, test } from 'vitest'
import { passMs } from './timestamps'

const ms = (...stamps: number[]) => passMs(BigUint64Array.from(stamps, (ms) => BigInt(Math.round(ms * 1e6))))

test('a pass takes from its beginning to its end', () => {
  expect(ms(5, 7.25)).toEqual([2.25])
  expect(ms(5, 7, 7.5, 9)).toEqual([2, 1.5])
})

test('a pass that is stamped while the one before runs counts from that one’s end', () => {
  expect(ms(5, 7, 5.5, 8, 5.5, 8.5)).toEqual([2, 1, 0.5])
})

test('clocks that were rounded or set anew give no time, never less', () => {
  expect(ms(5, 5, 5, 5)).toEqual([0, 0])
  expect(ms(5, 4, 6, 7, 1, 2)).toEqual([0, 1, 0])
  expect(ms(0, 0)).toEqual([0])
})

test('stamps near the end of 64 bits keep every nanosecond', () => {
  const end = 2n ** 64n - 1n
  expect(passMs(BigUint64Array.of(end - 3n, end))).toEqual([3e-6])
})
