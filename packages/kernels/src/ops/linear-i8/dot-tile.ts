import type { DeviceFacts } from '../../device'

/** Slices of K. */
export const int8Slices = 32

/** How one workgroup cuts a product of int8 activations. The bits of a result do not depend on it. */
export interface DotTile {
  /**
   * Slices at a time, each a group of lanes' own; their sums meet in workgroup memory. 1: each lane takes the slices one after
   * the other, without a barrier. At most 256 lanes in all.
   */
  readonly atOnce: 1 | 16 | 32
  /** Rows of activations that share one read of the weights. */
  readonly rows: 1 | 2 | 3 | 4 | 8
  /** Lanes of one slice. */
  readonly lanes: 8 | 16 | 32
  /** Pairs of outputs that one lane owns; lanes · pairs is at most 32, a panel. */
  readonly pairs: 1 | 2 | 4
  /** Blocks whose weights are fetched before the first of them is used. */
  readonly depth: 1 | 2 | 4
}

/** Workgroups that occupy a large device even where each has a whole panel and many rows. */
const manyGroups = 256
/** Panels from which on a workgroup may have half of one and still leave enough of them for one row. */
const manyPanels = 128
/** Panels from which on two rows of one block each share a read of the weights. */
const sharingPanels = 48
/** Panels from which on tiles of three rows are faster than those of four that lack one, and few outputs are read far ahead. */
const somePanels = 32

/**
 * The tile for a product of `rows` rows by `panels` panels, with at least `leastPairs` pairs in a workgroup. Measured in whole
 * passes on an H200: few rows wait for memory and want many lanes that read ahead; many rows compute and want sums in registers,
 * as soon as there are workgroups enough. Where outputs are very few, one row is read faster by the tile of two.
 */
export function chooseDotTile(rows: number, panels: number, device: DeviceFacts, leastPairs: 1 | 16 | 32 = 1): DotTile {
  if (device.software) {
    const size = rows > 2 ? 4 : rows === 2 ? 2 : 1
    return { atOnce: 1, rows: size, lanes: 16, pairs: leastPairs === 32 ? 2 : 1, depth: 1 }
  }
  if (rows > 12 && panels * Math.ceil(rows / 8) >= manyGroups)
    return { atOnce: 16, rows: 8, lanes: 8, pairs: 4, depth: 1 }
  // Rows that are not there are computed all the same, which counts where weights are large.
  const few = panels >= somePanels && (rows === 3 || rows === 5 || rows === 6) ? 3 : 4
  const many = panels >= manyPanels
  if (leastPairs === 32) {
    if (rows > (many ? 2 : 4)) return { atOnce: 16, rows: few, lanes: 16, pairs: 2, depth: rows > 4 ? 1 : 2 }
    const alone = many && rows === 1
    return { atOnce: 32, rows: alone ? 1 : 2, lanes: 8, pairs: 4, depth: alone || rows > 2 ? 2 : 1 }
  }
  if (rows > 2) return { atOnce: 32, rows: rows > 16 ? 8 : few, lanes: 8, pairs: 2, depth: 1 }
  const size = rows === 2 ? 2 : 1
  if (leastPairs === 1) {
    if (!many) return { atOnce: 32, rows: size, lanes: 8, pairs: 1, depth: 2 }
    if (size === 2) return { atOnce: 16, rows: 2, lanes: 16, pairs: 2, depth: 1 }
    return { atOnce: 32, rows: 1, lanes: 8, pairs: 2, depth: 2 }
  }
  if (panels < somePanels) return { atOnce: 32, rows: 2, lanes: 8, pairs: 2, depth: 1 }
  if (size === 2 && panels >= sharingPanels) return { atOnce: 32, rows: 2, lanes: 8, pairs: 4, depth: 2 }
  return { atOnce: 32, rows: 1, lanes: 8, pairs: 2, depth: 4 }
}
