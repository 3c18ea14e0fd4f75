import type { DeviceFacts } from '../../device'
import { int8Slices } from '../linear-i8/dot-tile'

/** Slices of K: as many as those of int8 activations, with which serial slices share their loop. */
export const floatSlices: number = int8Slices

/** How one workgroup cuts a product. The bits of a result do not depend on it. */
export interface Tile {
  /**
   * Slices at a time, each a group of lanes' own; their sums meet in workgroup memory. 1: each lane takes the slices one after
   * the other, without a barrier. At most 256 lanes in all.
   */
  readonly atOnce: 1 | 8 | 16 | 32
  /** Rows of x that share one read of the weights. */
  readonly rows: 1 | 2 | 4 | 8
  /** Lanes of one slice. */
  readonly lanes: 8 | 16 | 32
  /** Pairs of outputs that one lane owns; lanes · pairs is at most 32, a panel. */
  readonly pairs: 1 | 2 | 4
  /** How many units ahead of their use weights are fetched. */
  readonly depth: 0 | 1 | 2 | 4
}

/** Panels from which on workgroups of few outputs or of many slices no longer help to occupy a large device. */
const [somePanels, manyPanels] = [128, 192]

/** Panels up to which a large device is busier with the rows of two and of four in workgroups of their own. */
const fewPanels = 32
/** Panels of which it takes a workgroup a half at once, each alone on a multiprocessor: four rows share a read, a unit ahead. */
const oneTurn = [49, 64] as const

/**
 * The tile for a product of `rows` rows by `panels` panels, with at least `leastPairs` pairs in a workgroup. Measured on an H100
 * and an H200: few rows wait for memory and want what they read ahead of its use; many rows compute and want sums in registers,
 * but not so many of them that few lanes are at work at once.
 */
export function chooseTile(rows: number, panels: number, device: DeviceFacts, leastPairs = 1): Tile {
  const size = rows > 4 ? 8 : rows > 2 ? 4 : rows === 2 ? 2 : 1
  if (device.software) return { atOnce: 1, rows: size, lanes: 16, pairs: 2, depth: 0 }
  const few = leastPairs > 1 ? 2 : 1
  const tile = { atOnce: 32, rows: size, lanes: 8, pairs: 2, depth: 1 } as const
  if (size === 8) return { ...tile, ...manyRows(rows, panels, few) }
  if (panels <= fewPanels && size > 1)
    return { ...tile, rows: size === 4 ? 2 : 1, pairs: size === 2 || panels < 12 ? few : 2 }
  if (panels >= manyPanels)
    return { ...tile, atOnce: 16, pairs: size === 1 && panels < 256 ? few : 2, depth: size === 4 ? 0 : 1 }
  if (size === 4) {
    if (panels >= oneTurn[0] && panels <= oneTurn[1]) return tile
    return { ...tile, rows: panels < somePanels ? 2 : 4, depth: 0 }
  }
  return { ...tile, pairs: size === 1 && panels < somePanels ? few : 2, depth: panels < 12 ? 2 : 1 }
}

/** What tiles of five rows and more have of their own: read ahead only where hardly a workgroup would wait for its turn. */
function manyRows(rows: number, panels: number, few: 1 | 2): Partial<Tile> {
  if (panels < 24 && rows <= 16) return { rows: 2, pairs: few, depth: Math.ceil(rows / 2) * panels > 60 ? 0 : 1 }
  if (panels > 48 && rows > 16) return { atOnce: 16, pairs: rows > 32 && panels >= manyPanels ? 4 : 2, depth: 0 }
  return { atOnce: panels < 96 ? 32 : 16, rows: 4, depth: 0 }
}

/** Bytes of workgroup memory that leave room for other workgroups beside, and those that are kept for an epilogue's needs. */
const [mostBytes, keptBytes] = [24576, 2048]

/** Rows whose sums fit into workgroup memory, and whose totals have a lane each. */
export function turnRows({ atOnce, rows, lanes, pairs }: Tile, { limits }: DeviceFacts): number {
  const bytes = Math.min(mostBytes, limits.maxComputeWorkgroupStorageSize) - keptBytes - atOnce * rows * 4
  let size: number = rows
  while (size > 1 && (atOnce * size * lanes * pairs * 8 > bytes || size * pairs > atOnce)) size /= 2
  return size
}
