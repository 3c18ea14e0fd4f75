import type { WeightFormat } from '@outrider/core/spec'
import type { Tile } from '../ops/linear/tile'
import type { DotTile } from '../ops/linear-i8/dot-tile'

/** What a tile is chosen for, beside the rows. */
export interface TunedShape {
  readonly format: WeightFormat
  readonly shape: readonly [outputs: number, inputs: number]
}

/** Numbers of rows that tiles are measured for; others take the next larger one's. */
export const rowBuckets: readonly number[] = [1, 2, 4, 6, 8, 12, 16, 32, 64]

/** Pairs of outputs that a workgroup must have at least: those of no block of 32, of one, or of two. */
export type LeastPairs = 1 | 16 | 32

/** The tiles that were found fastest on this device; where there is none, the rules of `chooseTile` and `chooseDotTile` hold. */
export class TileBook {
  readonly #tiles = new Map<string, Tile>()
  readonly #dotTiles = new Map<string, DotTile>()

  tile(of: TunedShape, rows: number): Tile | undefined {
    return this.#tiles.get(placeOf(of, rows, 1))
  }

  dotTile(of: TunedShape, rows: number, leastPairs: LeastPairs): DotTile | undefined {
    return this.#dotTiles.get(placeOf(of, rows, leastPairs))
  }

  setTile(of: TunedShape, rows: number, tile: Tile): void {
    this.#tiles.set(placeOf(of, rows, 1), tile)
  }

  setDotTile(of: TunedShape, rows: number, leastPairs: LeastPairs, tile: DotTile): void {
    this.#dotTiles.set(placeOf(of, rows, leastPairs), tile)
  }
}

function placeOf({ format, shape }: TunedShape, rows: number, leastPairs: LeastPairs): string {
  return `${format} ${shape} ${rowBuckets.find((bucket) => bucket >= rows)} ${leastPairs}`
}
