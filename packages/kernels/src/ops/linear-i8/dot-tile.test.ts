import { expect, test } from 'vitest'
import type { DeviceFacts } from '../../device'
import { chooseDotTile } from './dot-tile'

const gpu = { software: false } as DeviceFacts
const panelCounts = [1, 9, 15, 31, 32, 47, 48, 64, 96, 127, 128, 256, 448, 768, 2004]

test('a tile fits a panel and holds the pairs that were asked for, whatever the shape', () => {
  for (let rows = 1; rows <= 64; rows++)
    for (const panels of panelCounts)
      for (const least of [1, 16, 32] as const) {
        const { atOnce, lanes, pairs } = chooseDotTile(rows, panels, gpu, least)
        expect(lanes * pairs, `${rows} rows, ${panels} panels`).toBeGreaterThanOrEqual(least)
        expect(32 % (lanes * pairs)).toBe(0)
        expect(lanes * atOnce).toBeLessThanOrEqual(256)
      }
})

test('one row of a block reads far ahead, two share a read where there are panels enough', () => {
  const tileOf = (rows: number, panels: number) => {
    const tile = chooseDotTile(rows, panels, gpu, 16)
    return [tile.rows, tile.pairs, tile.depth]
  }
  expect([9, 32, 64].map((panels) => tileOf(1, panels))).toEqual([
    [2, 2, 1],
    [1, 2, 4],
    [1, 2, 4],
  ])
  expect([9, 32, 48, 64].map((panels) => tileOf(2, panels))).toEqual([
    [2, 2, 1],
    [1, 2, 4],
    [2, 4, 2],
    [2, 4, 2],
  ])
})

test('three and four rows share a read of all but few whole panels', () => {
  const rowsOf = (panels: number, least: 1 | 16 | 32) =>
    [3, 4].map((rows) => chooseDotTile(rows, panels, gpu, least).rows)
  for (const least of [1, 16] as const) {
    expect(rowsOf(9, least)).toEqual([4, 4])
    expect(rowsOf(32, least)).toEqual([3, 4])
  }
  expect(rowsOf(48, 32)).toEqual([2, 2])
  expect(rowsOf(128, 32)).toEqual([3, 4])
})
