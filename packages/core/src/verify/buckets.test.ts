import { expect, test } from 'vitest'
import { bucketFor, buckets } from './buckets'

test('buckets are the powers of two and those halfway between them, and end with the most rows', () => {
  expect(buckets(64)).toEqual([1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64])
  expect(buckets(10)).toEqual([1, 2, 4, 6, 8, 10])
  expect(buckets(1)).toEqual([1])
})

test.each([1, 5, 10, 64, 255])('of at most %i rows, every number has the smallest bucket that holds it', (most) => {
  for (let rows = 1; rows <= most; rows++)
    expect(bucketFor(rows, most)).toBe(Math.min(...buckets(most).filter((size) => size >= rows)))
})
