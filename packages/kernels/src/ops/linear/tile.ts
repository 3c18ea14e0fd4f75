import type { DeviceFacts } from '../../device'

/** How one workgroup cuts a product. The bits of a result do not depend on it. */
export interface Tile {
  /**
   * `parallel`: eight groups of lanes take a slice of K each and meet in workgroup memory. `serial`: each lane takes the slices
   * one after the other, without a barrier: less to wait for where lanes are few, as on a general processor.
   */
  readonly slices: 'parallel' | 'serial'
  /** Rows of x that share one read of the weights. */
  readonly rows: 1 | 2 | 4 | 8
  /** Lanes of one slice. */
  readonly lanes: 8 | 16 | 32
  /**
   * Pairs of outputs that one lane owns; lanes · pairs is at most 32, a panel, and at most 16 with 8 rows in parallel, so that
   * the sums of all slices fit into 16 KB.
   */
  readonly pairs: 1 | 2 | 4
  /** Units whose weights are fetched before the first of them is used. */
  readonly depth: 1 | 2 | 4
}

/** Panels from which on workgroups of half a panel would no longer help to occupy a large device. */
const manyPanels = 256

/**
 * The tile for a product of `rows` rows by `panels` panels. Few rows wait for memory: their weights are fetched far ahead.
 * Many rows compute: a lane owns four outputs, so that each read of x is used four times.
 */
export function chooseTile(rows: number, panels: number, device: DeviceFacts): Tile {
  const size = rows > 4 ? 8 : rows > 2 ? 4 : rows === 2 ? 2 : 1
  if (device.software) return { slices: 'serial', rows: size, lanes: 16, pairs: 2, depth: 1 }
  if (size === 8) return { slices: 'parallel', rows: size, lanes: 8, pairs: 2, depth: 1 }
  const lanes = panels < manyPanels ? 16 : 32
  return { slices: 'parallel', rows: size, lanes, pairs: 1, depth: size === 4 ? 2 : 4 }
}
