import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParts, type Parts } from '../../../test/parts'
import { randomRows } from '../../../test/rows'
import { ruleTiles } from '../../../test/rule-tiles'
import { randomSource } from '../../../test/weight-source'
import { uploadWeight } from '../../weights/pack'
import { linear } from '../linear/linear'
import { chooseDotTile, type DotTile } from './dot-tile'

let parts: Parts
beforeAll(async () => {
  parts = await openParts()
})
afterAll(() => parts.dispose())

const tiles: readonly DotTile[] = [
  { atOnce: 1, rows: 1, lanes: 16, pairs: 1, depth: 1 },
  { atOnce: 1, rows: 2, lanes: 8, pairs: 2, depth: 2 },
  { atOnce: 16, rows: 1, lanes: 16, pairs: 2, depth: 2 },
  { atOnce: 32, rows: 3, lanes: 8, pairs: 4, depth: 1 }, // rows take turns, an odd number of them
]
const ofGpus = ruleTiles(chooseDotTile, [1, 16, 32])

test.each([
  ['q4_0', 4256, [...tiles, ...ofGpus]], // slices of four and of five blocks
  ['q4_k', 1280, [tiles[0]!, tiles[2]!]], // units of a longer block, minima
] as const)('every tile gives the same bits: %s', async (format, inputs, tiles) => {
  const [rows, outputs] = [5, 70]
  const weight = await uploadWeight(parts.memory, randomSource(format, outputs, inputs), 'w')
  const x = parts.tensor([rows, inputs], randomRows(rows, inputs, 1))
  const norm = { gain: parts.tensor([inputs], randomRows(1, inputs, 2)), eps: 1e-5 }
  const recorder = parts.recorder('i8')
  const outs = tiles.map((dotTile) => {
    const out = parts.tensor([rows, outputs])
    linear(recorder, { x, weight, out, rows, norm }, { dotTile })
    return out
  })
  const [first, ...others] = (await parts.submit(recorder, outs)).map((bytes) => new Uint32Array(bytes))
  expect(first!.some((word) => word !== 0)).toBe(true)
  for (const [i, other] of others.entries()) expect(other, JSON.stringify(tiles[i + 1])).toEqual(first)
})
