import { MAX_PATH } from '../spec'

/**
 * Numbers of rows that programs are recorded for, up to `maxRows`: the powers of two, and from 4 on those halfway between them. Where
 * a device computes for longer than it reads weights, rows that are empty cost what full ones do.
 */
export function buckets(maxRows: number): readonly number[] {
  const sizes: number[] = []
  for (let rows = 1; rows < maxRows; rows *= 2) sizes.push(rows, ...(rows >= 4 ? [rows * 1.5] : []))
  return [...sizes.filter((rows) => rows < maxRows), maxRows]
}

/** The smallest bucket that holds `rows`. */
export function bucketFor(rows: number, maxRows: number): number {
  return buckets(maxRows).find((size) => size >= rows) ?? maxRows
}

/** Rows of the largest chunk of a prompt: a chunk is a chain, and no path is longer than MAX_PATH. */
export function chunkRows(maxRows: number): number {
  return Math.min(maxRows, MAX_PATH)
}
