import type { RankPaths } from './rank-paths'
import { spareChoices } from './static-tree'

/** A static tree over heads that do not see one another's choices: level i holds choices of head i (Medusa, Cai et al. 2024). */
export interface HeadTree {
  /** Parent node of each node, -1 for the pending token. */
  readonly parents: readonly number[]
  /** Heads that have to run, and choices that each has to give. */
  readonly heads: number
  readonly choices: number
  /** For each node its place among the choices [heads, choices]. */
  readonly order: readonly number[]
}

/**
 * The tree of the first `nodes` of `paths` (each after its beginnings: `parentsFirst`) that are at most `depth` long. `limit`: choices of
 * a head at most where it may give more than are needed, up to a power of two; absent, it gives what is needed.
 *
 * @example
 * ```ts
 * import { headTree } from '@outrider/core'
 *
 * console.log(headTree([[0], [1], [1, 0]], 3, 2).order) // [0, 1, 2]
 * ```
 */
export function headTree(paths: RankPaths, nodes: number, depth: number, limit = 0): HeadTree {
  const kept = paths.filter(({ length }) => length <= depth).slice(0, nodes)
  const node = new Map(kept.map((path, i) => [path.join(), i]))
  const rank = (path: readonly number[]) => path.at(-1) as number
  const needed = kept.reduce((most, path) => Math.max(most, rank(path) + 1), 0)
  const choices = spareChoices(needed, limit)
  return {
    parents: kept.map((path) => node.get(path.slice(0, -1).join()) ?? -1),
    heads: kept.reduce((most, { length }) => Math.max(most, length), 0),
    choices,
    order: kept.map((path) => (path.length - 1) * choices + rank(path)),
  }
}
