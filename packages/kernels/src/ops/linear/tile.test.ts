import { expect, test } from 'vitest'
import type { DeviceFacts } from '../../device'
import { chooseTile } from './tile'

const gpu = { software: false } as DeviceFacts

test('two to four rows of few outputs are shared out among workgroups, of many they share one', () => {
  const rowsOf = (panels: number) => [1, 2, 3, 4].map((rows) => chooseTile(rows, panels, gpu).rows)
  expect(rowsOf(9)).toEqual([1, 1, 2, 2])
  expect(rowsOf(32)).toEqual([1, 1, 2, 2])
  expect(rowsOf(33)).toEqual([1, 2, 4, 4])
  expect(rowsOf(256)).toEqual([1, 2, 4, 4])
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
