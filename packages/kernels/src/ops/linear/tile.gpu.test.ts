import { afterAll, beforeAll, expect, test } from 'vitest'
import { openParts, type Parts } from '../../../test/parts'
import { randomRows } from '../../../test/rows'
import { ruleTiles } from '../../../test/rule-tiles'
import { randomSource } from '../../../test/weight-source'
import { uploadWeight } from '../../weights/pack'
import { linear } from './linear'
import { chooseTile, type Tile } from './tile'

let parts: Parts
beforeAll(async () => {
  parts = await openParts()
})
afterAll(() => parts.dispose())

const tiles: readonly Tile[] = [
  { atOnce: 8, rows: 1, lanes: 32, pairs: 1, depth: 0 },
  { atOnce: 16, rows: 1, lanes: 16, pairs: 1, depth: 4 },
  { atOnce: 32, rows: 2, lanes: 8, pairs: 1, depth: 2 },
  { atOnce: 16, rows: 4, lanes: 16, pairs: 2, depth: 0 },
  { atOnce: 32, rows: 8, lanes: 8, pairs: 2, depth: 1 },
  { atOnce: 1, rows: 1, lanes: 8, pairs: 4, depth: 0 },
  { atOnce: 1, rows: 2, lanes: 16, pairs: 2, depth: 2 },
  { atOnce: 1, rows: 8, lanes: 32, pairs: 1, depth: 1 },
  { atOnce: 16, rows: 4, lanes: 8, pairs: 2, depth: 0 },
]
const ofGpus = ruleTiles(chooseTile, [1, 16])

test.each([
  ['f16', 768, tiles],
  ['q4_0', 2080, [tiles[5]!, ...ofGpus]], // slices of two and of three units
  ['q4_k', 768, [1, 4, 6].map((i) => tiles[i]!)], // units of a longer block
] as const)('every tile gives the same bits: %s', async (format, inputs, tiles) => {
  const [rows, outputs] = [9, 130]
  const weight = await uploadWeight(parts.memory, randomSource(format, outputs, inputs), 'w')
  const x = parts.tensor([rows, inputs], randomRows(rows, inputs, 1))
  const norm = { gain: parts.tensor([inputs], randomRows(1, inputs, 2)), eps: 1e-5 }
  const recorder = parts.recorder()
  const outs = tiles.map((tile) => {
    const out = parts.tensor([rows, outputs])
    linear(recorder, { x, weight, out, rows, norm }, { tile })
    return out
  })
  const [first, ...others] = (await parts.submit(recorder, outs)).map((bytes) => new Uint32Array(bytes))
  expect(first!.some((word) => word !== 0)).toBe(true)
  for (const [i, other] of others.entries()) expect(other, JSON.stringify(tiles[i + 1])).toEqual(first)
})
