import { random } from './weight-source'

/** Activations f32 [rows, width] from a seed, in (-1, 1). */
export function randomRows(rows: number, width: number, seed: number): Float32Array {
  const next = random(seed)
  return Float32Array.from({ length: rows * width }, () => 2 * next() - 1)
}

/** What stands in the rows around the one that is watched. */
export const neighbours = ['random', 'huge', 'NaN'] as const
export type Neighbour = (typeof neighbours)[number]

/**
 * Rows that hold `row` at every place for which `here` holds, and neighbours elsewhere: f32 [rows, width].
 */
export function among(
  row: Float32Array,
  rows: number,
  here: (place: number) => boolean,
  neighbour: Neighbour,
): Float32Array {
  const width = row.length
  const data = randomRows(rows, width, 99)
  for (let place = 0; place < rows; place++) {
    const own = data.subarray(place * width, (place + 1) * width)
    if (here(place)) own.set(row)
    else if (neighbour === 'huge')
      for (let k = 0; k < width; k++) own[k] = (k % 2 === 0 ? 3e38 : -1e30) * (own[k]! > 0 ? 1 : -1)
    else if (neighbour === 'NaN') own.fill(Number.NaN)
  }
  return data
}

/** Every number of rows up to 64 and the largest; the ones around which tiles begin and end; a few of each tile, for slow shaders. */
export const everyCount: readonly number[] = [...Array.from({ length: 64 }, (_, i) => i + 1), 100, 128, 256]
export const edgeCounts: readonly number[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 255, 256,
]
export const tileCounts: readonly number[] = [1, 2, 3, 4, 5, 8, 9, 17, 64, 256]

/** One case of row-invariance. */
export interface RowCase {
  readonly rows: number
  /** Rows from here on are padding. */
  readonly live: number
  /** Where the watched row stands: the even places or the odd ones. */
  readonly here: (place: number) => boolean
  readonly neighbour: Neighbour
}

/** The cases of row-invariance: the watched row at the even places, then at the odd ones, among changing neighbours. */
export function* rowCases(counts: readonly number[] = everyCount): Generator<RowCase> {
  for (const rows of counts)
    for (const parity of rows === 1 ? [0] : [0, 1])
      yield {
        rows,
        live: rows < 4 ? rows : rows - ((rows >> 1) % 3),
        here: (place) => place % 2 === parity,
        neighbour: neighbours[(rows + parity) % neighbours.length]!,
      }
}
