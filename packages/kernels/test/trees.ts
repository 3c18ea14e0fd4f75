import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'
import { random } from './weight-source'

/** Rows of a tree by their parents' rows; row 0 is the root and its entry is ignored. */
export type Parents = readonly number[]

/** A chain of `rows`. */
export function chain(rows: number): Parents {
  return Array.from({ length: rows }, (_, r) => Math.max(0, r - 1))
}

/** A tree whose siblings and cousins are interleaved: each row hangs below a drawn earlier one. */
export function randomTree(rows: number, seed: number): Parents {
  const next = random(seed)
  return Array.from({ length: rows }, (_, r) => Math.floor(next() * r))
}

/** Rows from the root to `row`. */
export function pathOf(parents: Parents, row: number): number[] {
  return row === 0 ? [0] : [...pathOf(parents, parents[row]!), row]
}

/** A pass index as treeIndex leaves it, made on the host. */
export function indexOf(base: number, parents: Parents): Uint32Array {
  const index = new Uint32Array(INDEX.words)
  index[INDEX.base] = base
  index[INDEX.rows] = parents.length
  parents.forEach((_, row) => {
    const path = pathOf(parents, row)
    index[INDEX.positions + row] = base + path.length - 1
    index.set(path, INDEX.paths + row * MAX_PATH)
  })
  return index
}

/** A tree's shape as TreeTensors keep it. */
export function shapeOf(parents: Parents): Uint32Array {
  const shape = new Uint32Array(MAX_TREE_ROWS)
  shape.set(parents)
  shape[0] = parents.length
  return shape
}

/** A drawn tree in which `end` has exactly `depth` ancestors, spread over the rows before it. */
export function treeWithPath(rows: number, end: number, depth: number, seed: number): Parents {
  const next = random(seed)
  const path = Array.from({ length: depth + 1 }, (_, level) => Math.ceil((end * level) / depth))
  return Array.from({ length: rows }, (_, row) => path[path.indexOf(row) - 1] ?? Math.floor(next() * row))
}

/** Trees of several sizes by name. */
export const trees: readonly (readonly [string, Parents])[] = [
  ['the root alone', chain(1)],
  ['a chain of 2', chain(2)],
  ['a chain of 64', chain(64)],
  ['17 interleaved rows', randomTree(17, 1)],
  ['64 interleaved rows', randomTree(64, 2)],
  ['256 rows', randomTree(256, 3)],
  ['256 rows, a path of 33 among them', treeWithPath(256, 254, 32, 4)],
]
