import type { DeviceFacts } from '../../device'

/** Lanes of a subgroup, which multiply matrices together. */
export const matrixLanes = 32
/** Rows and columns of a result, and inputs of a factor. */
export const matrixSize = 16

/** How workgroups cut a product of matrices. */
export interface MatrixTile {
  /** Column tiles, 16 outputs each, of one workgroup. */
  readonly columns: 1 | 2 | 4
  /** Subgroups of a workgroup: each takes a share of K. The bits of a result depend on it and on `inputs`. */
  readonly subgroups: 2 | 4 | 8 | 16
  /** Inputs of one step of a subgroup; with one column tile 64. */
  readonly inputs: 32 | 64
  /** Steps that are fetched ahead. */
  readonly depth: 1 | 2
}

/** Row tiles of a workgroup: 16 rows each. */
export type RowTiles = 1 | 2 | 4

/** The row tiles for `rows` rows; sixteen subgroups have registers for two. */
export function rowTilesFor(rows: number, { subgroups }: MatrixTile): RowTiles {
  return rows <= matrixSize ? 1 : rows <= 2 * matrixSize || subgroups === 16 ? 2 : 4
}

/** vec4s of workgroup memory of a subgroup: weights of a step and, later, sums of one row tile, for which they leave room. */
export function subgroupVectors({ columns, inputs }: MatrixTile): number {
  return columnVectors(inputs) * columns * matrixSize
}

/** vec4s from one column of weights to the next: eight halves each, and one unused against conflicts of banks. */
export function columnVectors(inputs: number): number {
  return inputs / 8 + 1
}

/**
 * The tile for a weight: the cut of K whatever the rows, for rows of every number have equal bits. Many outputs keep the device
 * busy with few subgroups a workgroup, of several row tiles with wide ones, which read the activations least often; few outputs
 * are cut along K instead, very few into twice as many workgroups.
 */
export function chooseMatrixTile(
  [outputs, inputs]: readonly [number, number],
  rows: number,
  { limits }: Pick<DeviceFacts, 'limits'>,
): MatrixTile {
  const many = outputs >= 12_000
  const narrow = outputs <= 2048 && inputs >= 2048
  const wanted = many ? 4 : outputs > 6000 || inputs < 2048 ? 8 : 16
  const shape = narrow ? ({ columns: 1, inputs: 64 } as const) : ({ columns: many ? 4 : 2, inputs: 32 } as const)
  const tiles = ([16, 8, 4, 2] as const)
    .filter((subgroups) => subgroups <= wanted)
    .map((subgroups): MatrixTile => ({ ...shape, subgroups, depth: 1 }))
  const tile = tiles.find((tile) => fits(tile, limits)) ?? (tiles.at(-1) as MatrixTile)
  return many && rows <= matrixSize ? { ...tile, columns: 2, depth: 2 } : tile
}

/** Whether a device has the memory and the lanes for a tile. */
export function fits(tile: MatrixTile, limits: GPUSupportedLimits): boolean {
  return (
    tile.subgroups * subgroupVectors(tile) * 16 <= limits.maxComputeWorkgroupStorageSize &&
    tile.subgroups * matrixLanes <= limits.maxComputeInvocationsPerWorkgroup
  )
}
