import type { Tile } from '../src/ops/linear/tile'

/** Every tile that a product of so many rows can be cut into. */
export function everyTile(rows: number): readonly Tile[] {
  const sizes = ([1, 2, 4, 8] as const).filter((size) => size <= rows && size * 2 >= Math.min(rows, 8))
  const tiles: Tile[] = []
  for (const atOnce of [1, 8, 16, 32] as const)
    for (const size of sizes)
      for (const lanes of [8, 16, 32] as const)
        for (const pairs of [1, 2, 4] as const)
          for (const depth of [0, 1, 2, 4] as const)
            if (lanes * pairs <= 32 && lanes * atOnce <= 256 && size * pairs * depth <= 16)
              tiles.push({ atOnce, rows: size, lanes, pairs, depth })
  return tiles
}
