import { MAX_PATH } from '../spec'

/**
 * Numbers of rows that programs are recorded for, up to `maxRows`: the powers of two, and from 4 on those halfway between them. Where
 * a device computes for longer than it reads weights, rows that are empty cost what full ones do.
 */
export function buckets(maxRows: number): readonly number[] {
  const sizes: number[] = []
  for (let rows = 1; rows < maxRows; rows = next(rows)) sizes.push(rows)
  return [...sizes, maxRows]
}

/** The smallest bucket that holds `rows`. */
export function bucketFor(rows: number, maxRows: number): number {
  let size = 1
  while (size < rows) size = next(size)
  return Math.min(size, maxRows)
}

/** The bucket after `size`: a power of two is followed by one and a half of it. */
function next(size: number): number {
  if (size < 4) return 2 * size
  return (size & (size - 1)) === 0 ? (3 * size) / 2 : (4 * size) / 3
}

/** Rows of the largest chunk of a prompt: a chunk is a chain, and no path is longer than MAX_PATH. */
export function chunkRows(maxRows: number): number {
  return Math.min(maxRows, MAX_PATH)
}
