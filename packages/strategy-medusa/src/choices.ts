import { likeliestPaths, OutriderError, type RankPaths } from '@outrider/core'

/**
 * The tree published for Vicuna-7B as `mc_sim_7b_63`: 63 nodes, four heads, ten choices at most (FasterDecoding/Medusa). Its
 * nodes stand in the order in which they were worth adding, so that a smaller budget keeps the better ones.
 *
 * @example
 * ```ts
 * import { mcSim7b63, medusa } from '@outrider/strategy-medusa'
 *
 * const strategy = medusa({ head: './models/stories-5m/medusa', choices: mcSim7b63.slice(0, 15) })
 * ```
 */
// biome-ignore format: one node after the other, as published
export const mcSim7b63: RankPaths = [
  [0], [0, 0], [1], [0, 1], [2], [0, 0, 0], [1, 0], [0, 2], [3], [0, 3], [4], [0, 4], [2, 0], [0, 5], [0, 0, 1], [5], [0, 6],
  [6], [0, 7], [0, 1, 0], [1, 1], [7], [0, 8], [0, 0, 2], [3, 0], [0, 9], [8], [9], [1, 0, 0], [0, 2, 0], [1, 2], [0, 0, 3],
  [4, 0], [2, 1], [0, 0, 4], [0, 0, 5], [0, 0, 0, 0], [0, 1, 1], [0, 0, 6], [0, 3, 0], [5, 0], [1, 3], [0, 0, 7], [0, 0, 8],
  [0, 0, 9], [6, 0], [0, 4, 0], [1, 4], [7, 0], [0, 1, 2], [2, 0, 0], [3, 1], [2, 2], [8, 0], [0, 5, 0], [1, 5], [1, 0, 1],
  [0, 2, 1], [9, 0], [0, 6, 0], [0, 0, 0, 1], [1, 6], [0, 7, 0],
]

/**
 * The best `nodes` nodes by measured accuracy: starting from nothing, adds again and again the node whose ranks have the largest
 * product of accuracies, among those whose parent and better sibling are there (Medusa, Cai et al. 2024, section 2.3.3).
 * `accuracy[i][r]` is the share of positions at which choice r of head i, by rank, is the right token. Stops early where every
 * node of the table that is ever right is in. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { bestPaths, medusa } from '@outrider/strategy-medusa'
 *
 * const accuracy = [[0.49, 0.15, 0.08], [0.37, 0.13, 0.07], [0.26, 0.13, 0.06]]
 * const strategy = medusa({ head: './models/stories-5m/medusa', choices: bestPaths(accuracy, 8) })
 * ```
 */
export function bestPaths(accuracy: readonly (readonly number[])[], nodes: number): RankPaths {
  if (!Number.isInteger(nodes) || nodes < 1)
    throw new OutriderError('INVALID_OPTION', `bestPaths: nodes must be a whole number of at least 1, not ${nodes}`)
  if (accuracy.length === 0 || accuracy.some((ranks) => ranks.length === 0 || !ranks.every((p) => p >= 0 && p <= 1)))
    throw new OutriderError('INVALID_OPTION', 'bestPaths: accuracy needs for each head shares from 0 to 1, by rank')
  return likeliestPaths(accuracy, { nodes }).paths
}
