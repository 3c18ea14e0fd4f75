import type { DraftNoise } from '../spec'
import type { RankPaths } from '../tree'

/**
 * What a drafter of static trees made, so that a round like one before makes nothing: by the paths of the tree, how much of it the
 * budget allows, and whether there is noise. Paths are told apart as objects, and forgotten with them.
 *
 * @example
 * ```ts
 * import { DraftsByTree, headTree, type HeadTree } from '@outrider/core'
 * import type { Budget, SessionView } from '@outrider/core/spec'
 *
 * const trees = new DraftsByTree<HeadTree>()
 *
 * export const treeOf = ({ nodes, depth, paths = [[0]] }: Budget, { noise }: SessionView): HeadTree =>
 *   trees.get(paths, nodes, depth, noise, () => headTree(paths, nodes, depth))
 * ```
 */
export class DraftsByTree<Made> {
  readonly #made = new WeakMap<RankPaths, Map<string, Made>>()

  /** What `make` gave the first time that this was asked for. Throws what it throws, and keeps nothing then. */
  get(paths: RankPaths, nodes: number, depth: number, noise: DraftNoise | null, make: () => Made): Made {
    const made = this.#made.get(paths) ?? new Map<string, Made>()
    this.#made.set(paths, made)
    const key = `${nodes} ${depth} ${!noise}`
    const known = made.get(key) ?? make()
    made.set(key, known)
    return known
  }
}
