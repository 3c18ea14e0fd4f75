import type { Arithmetic, WeightFormat } from '@outrider/core/spec'
import type { DeviceFacts } from '../device'
import type { LinearOptions } from '../ops/linear/linear'
import { chooseTile, type Tile } from '../ops/linear/tile'
import { chooseDotTile, type DotTile } from '../ops/linear-i8/dot-tile'
import type { LeastPairs, TileBook, TunedShape } from './tile-book'

/** A way of computing products whose tiles give equal bits, so that they may be chosen by time alone. */
interface TileFamily<T> {
  readonly name: string
  /** What a workgroup may have to hold: each has a choice of its own. */
  readonly leastPairs: readonly LeastPairs[]
  /** The tile that is taken unmeasured. */
  rule(rows: number, panels: number, device: DeviceFacts, leastPairs: LeastPairs): T
  /** Others worth trying. */
  others(rows: number, device: DeviceFacts): readonly T[]
  options(tile: T): LinearOptions
  note(book: TileBook, of: TunedShape, rows: number, leastPairs: LeastPairs, tile: T): void
}

/** A tile of some family, and a family of such tiles: who takes its tiles from it may give them back. */
export type AnyTile = Tile | DotTile
export type AnyFamily = TileFamily<AnyTile>

type Lanes = 8 | 16 | 32
type Pairs = 1 | 2 | 4

/** The number of rows that a tile would hold, and half of it; two for one row, which is sometimes faster. */
function rowsOf(rows: number): (1 | 2 | 4 | 8)[] {
  return rows > 4 ? [8, 4] : rows > 2 ? [4, 2] : [2, 1]
}

/** Forgets which tiles a family has: it is only given those that it gave. */
function family<T extends AnyTile>(own: TileFamily<T>): AnyFamily {
  return {
    ...own,
    options: (tile) => own.options(tile as T),
    note: (book, of, rows, leastPairs, tile) => own.note(book, of, rows, leastPairs, tile as T),
  }
}

/** Products of float32 activations: 32 slices of K whatever the tile. */
export const floatFamily: AnyFamily = family<Tile>({
  name: 'f32',
  leastPairs: [1],
  rule: chooseTile,
  others(rows, { software }) {
    const widths: readonly (readonly [Tile['atOnce'], Lanes, Pairs])[] = software
      ? [
          [1, 8, 2],
          [1, 16, 1],
        ]
      : [
          [32, 8, 1],
          [32, 8, 2],
          [32, 8, 4],
          [16, 8, 2],
          [16, 16, 2],
        ]
    const sizes = rows > 4 ? ([8, 4, 2] as const) : rowsOf(rows)
    return sizes.flatMap((size) =>
      widths.map(
        ([atOnce, lanes, pairs]): Tile => ({
          atOnce,
          rows: size,
          lanes,
          pairs,
          depth: software || rows > 2 ? 0 : 1,
        }),
      ),
    )
  },
  options: (tile) => ({ tile }),
  note: (book, of, rows, _, tile) => book.setTile(of, rows, tile),
})

/** Products of int8 activations: exact sums of a block, 32 slices of K whatever the tile. */
export const dotFamily: AnyFamily = family<DotTile>({
  name: 'i8',
  leastPairs: [1, 16, 32],
  rule: chooseDotTile,
  others(rows, { software }) {
    const widths: readonly (readonly [DotTile['atOnce'], Lanes, Pairs])[] = software
      ? [
          [1, 16, 1],
          [1, 16, 2],
        ]
      : [
          [32, 8, 1],
          [32, 8, 2],
          [32, 8, 4],
          [16, 16, 2],
          [16, 8, 4],
        ]
    const sizes: readonly DotTile['rows'][] = rows === 6 ? [3, ...rowsOf(rows)] : rowsOf(rows)
    return sizes.flatMap((size) =>
      widths.map(
        ([atOnce, lanes, pairs]): DotTile => ({
          atOnce,
          rows: size,
          lanes,
          pairs,
          depth: software || size > 2 ? 1 : size === 1 && pairs === 2 ? 4 : 2,
        }),
      ),
    )
  },
  options: (dotTile) => ({ dotTile }),
  note: (book, of, rows, leastPairs, tile) => book.setDotTile(of, rows, leastPairs, tile),
})

/** By arithmetic: those of matrices of halves change the order of a sum, and have none. */
const families: Readonly<Record<Arithmetic, { readonly float?: AnyFamily; readonly quantised?: AnyFamily }>> = {
  f32: { float: floatFamily, quantised: floatFamily },
  i8: { float: floatFamily, quantised: dotFamily },
  f16: {},
}

/** Whose tiles may be chosen by time for products with weights of that format, if any. */
export function familyOf(arithmetic: Arithmetic, format: WeightFormat): AnyFamily | undefined {
  return families[arithmetic][format === 'f32' || format === 'f16' || format === 'bf16' ? 'float' : 'quantised']
}

/** What is tried for a product of `rows` rows by `panels` panels, without repetition: the rules' tiles first. */
export function candidates(family: AnyFamily, rows: number, panels: number, device: DeviceFacts): readonly AnyTile[] {
  const rules = family.leastPairs.map((least) => family.rule(rows, panels, device, least))
  const tiles = [...rules, ...family.others(rows, device)]
  return [...new Map(tiles.map((tile) => [JSON.stringify(tile), tile])).values()]
}
