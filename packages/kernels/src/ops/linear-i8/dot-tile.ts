import type { DeviceFacts } from '../../device'

/** How one workgroup cuts a product of int8 activations. The bits of a result do not depend on it. */
export interface DotTile {
  /**
   * `parallel`: eight groups of lanes take a slice of K each and meet in workgroup memory. `serial`: each lane takes the slices
   * one after the other, without a barrier.
   */
  readonly slices: 'parallel' | 'serial'
  /** Rows of activations that share one read of the weights. */
  readonly rows: 1 | 2 | 4 | 8 | 16
  /** Lanes of one slice. */
  readonly lanes: 8 | 16 | 32
  /** Pairs of outputs that one lane owns; lanes · pairs is at most 32, a panel. */
  readonly pairs: 1 | 2 | 4
  /** Blocks whose weights are fetched before the first of them is used. */
  readonly depth: 1 | 2 | 4 | 8
  /** Whether activations pass through workgroup memory, with parallel slices only; rows · depth is at most 16, for 16 KB. */
  readonly staged: boolean
}

/** Panels from which on workgroups of half a panel would no longer help to occupy a large device. */
const manyPanels = 256

/** The tile for a product of `rows` rows by `panels` panels. */
export function chooseDotTile(rows: number, panels: number, device: DeviceFacts): DotTile {
  const size = rows > 4 ? 8 : rows > 2 ? 4 : rows === 2 ? 2 : 1
  if (device.software)
    return { slices: 'serial', rows: size === 8 ? 4 : size, lanes: 16, pairs: 1, depth: 1, staged: false }
  if (size === 8) return { slices: 'parallel', rows: size, lanes: 8, pairs: 2, depth: 1, staged: false }
  const lanes = panels < manyPanels ? 16 : 32
  return { slices: 'parallel', rows: size, lanes, pairs: 1, depth: size === 4 ? 2 : 4, staged: false }
}
