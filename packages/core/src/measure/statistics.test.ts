import { expect, test } from 'vitest'
import { geometricMean, median, spread } from './statistics'

test('quartiles fall between values where they must', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25 })
  expect(spread([5])).toEqual({ median: 5, low: 5, high: 5 })
  expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1.5, high: 2.5 })
  expect(spread([])).toBeNull()
})

test('the median is not moved by one slow run', () => {
  expect(median([10, 11, 1000])).toBe(11)
  expect(median([])).toBeNull()
})

test('half and twice as fast come to nothing gained', () => {
  expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12)
  expect(geometricMean([2, 8])).toBeCloseTo(4, 12)
  expect(geometricMean([])).toBeNull()
})
