import type { RankPaths } from './rank-paths'

/**
 * How likely children are accepted where their parent is: `acceptance[d][k]` for choice k, from the best on, of a node d levels below
 * the pending token. Of the children of one node one at most is accepted, so that the sum of a level is at most 1; it must not grow
 * with the rank.
 */
export type AcceptanceByRank = readonly (readonly number[])[]

/** What trees may be. */
export interface LikelyLimits {
  readonly nodes: number
  /** Default: the levels of the acceptance. */
  readonly depth?: number
  /** Most nodes of a level that have children. Default: any number. */
  readonly expand?: number
}

/** Nodes in the order in which they are worth adding: the first n are the tree of n nodes. */
export interface LikelyPaths {
  readonly paths: RankPaths
  /** By node the probability that it is accepted: 1 and the sum over a tree are the tokens that a round with it is expected to commit. */
  readonly worth: readonly number[]
}

/** A node that may be added next. */
interface Open {
  readonly path: readonly number[]
  readonly worth: number
  /** Probability of its parent, and the parent's name. */
  readonly above: number
  readonly parent: string
}

/**
 * The trees of 1, 2, … nodes that are expected to commit most tokens. Sequoia (Chen et al. 2024, arXiv 2402.12374, section 4.1) finds
 * them by a dynamic programme, T(n, d, b) = max over m of T(m, d, b - 1) + p_b · T(n - m, d - 1): where acceptance depends on
 * level and rank alone, a tree is worth the sum of its nodes' products, and since those fall along a path and with the rank, the best
 * tree is simply its most likely nodes. So they are taken best first, which gives every size at once. `expand` may keep out some that
 * are better than later ones.
 *
 * @example
 * ```ts
 * import { likeliestPaths } from '@outrider/core'
 *
 * console.log(likeliestPaths([[0.6, 0.3], [0.6, 0.3]], { nodes: 3 }).paths) // [[0], [0, 0], [1]]
 * ```
 */
export function likeliestPaths(acceptance: AcceptanceByRank, limits: LikelyLimits): LikelyPaths {
  const { nodes, depth = acceptance.length, expand = Number.POSITIVE_INFINITY } = limits
  const paths: (readonly number[])[] = []
  const worth: number[] = []
  const inner = new Set<string>()
  const expanded: number[] = []
  const open: Open[] = []
  const offer = (above: number, start: readonly number[], rank: number): void => {
    const own = start.length < depth ? (acceptance[start.length]?.[rank] ?? 0) : 0
    if (own > 0) open.push({ path: [...start, rank], worth: above * own, above, parent: start.join() })
  }
  offer(1, [], 0)
  while (paths.length < nodes && open.length > 0) {
    const best = open.reduce((first, other, i) => (better(other, open[first] as Open) ? i : first), 0)
    const { path, worth: own, above, parent } = open.splice(best, 1)[0] as Open
    const level = path.length - 1
    if (!inner.has(parent)) {
      if ((expanded[level] ?? 0) >= (level === 0 ? 1 : expand)) continue
      inner.add(parent)
      expanded[level] = (expanded[level] ?? 0) + 1
    }
    paths.push(path)
    worth.push(own)
    offer(above, path.slice(0, -1), (path.at(-1) as number) + 1)
    offer(own, path, 0)
  }
  return { paths, worth }
}

/** Of equal ones the shallower, for which less is drafted. */
function better(a: Open, b: Open): boolean {
  return a.worth > b.worth || (a.worth === b.worth && a.path.length < b.path.length)
}
