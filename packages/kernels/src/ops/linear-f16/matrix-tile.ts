import type { DeviceFacts } from '../../device'
import { halfDecoders } from '../../weights/halves.wgsl'
import type { Layout } from '../../weights/layout'

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
  /** Steps whose weights are fetched ahead. */
  readonly depth: 1 | 2 | 4
}

/** Row tiles of a workgroup: 16 rows each. */
export type RowTiles = 1 | 2 | 4

/** The row tiles for `rows` rows. */
export function rowTilesFor(rows: number): RowTiles {
  return rows <= matrixSize ? 1 : rows <= 2 * matrixSize ? 2 : 4
}

/** vec4s of workgroup memory: weights of a step and, later, results of one row tile, for each subgroup. */
export function tileVectors({ columns, subgroups, inputs }: MatrixTile): number {
  return subgroups * Math.max(columnVectors(inputs) * columns * matrixSize, columns * matrixSize * (matrixSize / 4))
}

/** vec4s from one column of weights to the next: eight halves each, and one unused against conflicts of banks. */
export function columnVectors(inputs: number): number {
  return inputs / 8 + 1
}

/**
 * The tile for a weight, whatever the rows: rows of every number have equal bits. Many outputs keep the device busy with wide
 * workgroups, which read the activations least often; few are cut along K instead.
 */
export function chooseMatrixTile(
  [outputs, inputs]: readonly [number, number],
  decoder: Layout['decoder'],
  { limits }: Pick<DeviceFacts, 'limits'>,
): MatrixTile {
  const wide = outputs >= 12_000
  const columns = wide ? 4 : 2
  const perLane = columns / 2
  const room = 48 / (halfDecoders[decoder].words * perLane)
  const depth = room >= 4 && wide ? 4 : room >= 2 ? 2 : 1
  const wanted = wide ? 4 : outputs > 6000 || inputs < 2048 ? 8 : 16
  const tiles = ([16, 8, 4, 2] as const)
    .filter((subgroups) => subgroups <= wanted)
    .map((subgroups): MatrixTile => ({ columns, subgroups, inputs: 32, depth }))
  return tiles.find((tile) => fits(tile, limits)) ?? (tiles.at(-1) as MatrixTile)
}

/** Whether a device has the memory and the lanes for a tile. */
export function fits(tile: MatrixTile, limits: GPUSupportedLimits): boolean {
  return (
    tileVectors(tile) * 16 <= limits.maxComputeWorkgroupStorageSize &&
    tile.subgroups * matrixLanes <= limits.maxComputeInvocationsPerWorkgroup
  )
}
