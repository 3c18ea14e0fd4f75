import { expect, test } from 'vitest'
import type { DeviceFacts } from '../../device'
import { chooseTile } from './tile'

const gpu = { software: false } as DeviceFacts

test('two to four rows of few outputs are shared out among workgroups, of many they share one', () => {
  const rowsOf = (panels: number) => [1, 2, 3, 4].map((rows) => chooseTile(rows, panels, gpu).rows)
  expect(rowsOf(9)).toEqual([1, 1, 2, 2])
  expect(rowsOf(32)).toEqual([1, 1, 2, 2])
  expect(rowsOf(33)).toEqual([1, 2, 2, 2])
  expect(rowsOf(256)).toEqual([1, 2, 4, 4])
})

test('three and four rows share a read where their workgroups are at work at once, or outputs are many', () => {
  const tileOf = (panels: number) => {
    const { rows, depth } = chooseTile(4, panels, gpu)
    return [rows, depth]
  }
  expect([48, 49, 64, 65, 127].map(tileOf)).toEqual([
    [2, 0],
    [4, 1],
    [4, 1],
    [2, 0],
    [2, 0],
  ])
  expect([128, 191, 192, 2004].map(tileOf)).toEqual([
    [4, 0],
    [4, 0],
    [4, 0],
    [4, 0],
  ])
})

test('of five rows and more, two, four or eight share a read, the more there is to do the more', () => {
  const rowsOf = (panels: number) => [5, 8, 16, 17, 33, 64].map((rows) => chooseTile(rows, panels, gpu).rows)
  expect(rowsOf(9)).toEqual([2, 2, 2, 4, 4, 4])
  expect(rowsOf(32)).toEqual([4, 4, 4, 4, 4, 4])
  expect(rowsOf(48)).toEqual([4, 4, 4, 4, 4, 4])
  expect(rowsOf(64)).toEqual([4, 4, 4, 8, 8, 8])
  expect(rowsOf(448)).toEqual([4, 4, 4, 8, 8, 8])
  const depths = (panels: number) => [6, 8, 9, 12, 13, 16].map((rows) => chooseTile(rows, panels, gpu).depth)
  expect(depths(9)).toEqual([1, 1, 1, 1, 0, 0])
  expect(depths(15)).toEqual([1, 1, 0, 0, 0, 0])
  expect(depths(48)).toEqual([0, 0, 0, 0, 0, 0])
})

test('a tile fits a panel and holds the pairs that were asked for, whatever the shape', () => {
  for (let rows = 1; rows <= 64; rows++)
    for (const panels of [1, 4, 9, 15, 31, 32, 33, 48, 64, 127, 128, 191, 192, 256, 448, 2004])
      for (const least of [1, 16]) {
        const { atOnce, lanes, pairs } = chooseTile(rows, panels, gpu, least)
        expect(lanes * pairs, `${rows} rows, ${panels} panels`).toBeGreaterThanOrEqual(least)
        expect(32 % (lanes * pairs)).toBe(0)
        expect(lanes * atOnce).toBeLessThanOrEqual(256)
      }
})
