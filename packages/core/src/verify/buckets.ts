import { MAX_PATH } from '../spec'

/** Numbers of rows that programs are recorded for: the powers of two up to `maxRows`. */
export function buckets(maxRows: number): readonly number[] {
  const sizes: number[] = []
  for (let rows = 1; rows < maxRows; rows *= 2) sizes.push(rows)
  return [...sizes, maxRows]
}

/** The smallest bucket that holds `rows`. */
export function bucketFor(rows: number, maxRows: number): number {
  let size = 1
  while (size < rows) size *= 2
  return Math.min(size, maxRows)
}

/** Rows of the largest chunk of a prompt: a chunk is a chain, and no path is longer than MAX_PATH. */
export function chunkRows(maxRows: number): number {
  return Math.min(maxRows, MAX_PATH)
}
