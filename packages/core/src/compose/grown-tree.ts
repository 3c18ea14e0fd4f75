import type { AcceptanceByRank, RankPaths } from '../tree'

/** What a tree brings and takes. */
export interface TreeWorth {
  readonly levels: number
  /** What drafting it takes, in levels of one row. */
  readonly work: number
  /** Tokens that a round with it commits on average, the target's own included. */
  readonly tokens: number
}

/**
 * The worth of each beginning of `paths` (parents first), that of n nodes at n. `rows`: what a level takes that is run over so many
 * rows; null where a level takes 1 whatever stands in it.
 */
export function worthOf(
  paths: RankPaths,
  acceptance: AcceptanceByRank,
  rows: ((rows: number) => number) | null,
): readonly TreeWorth[] {
  const worths: TreeWorth[] = [{ levels: 0, work: 0, tokens: 1 }]
  /** Nodes with children, by their level. */
  const parents: number[] = []
  const met = new Set<string>()
  let { levels, work, tokens } = worths[0] as TreeWorth
  for (const path of paths) {
    const above = path.length - 1
    const name = String(path.slice(0, -1))
    if (rows && !met.has(name)) {
      met.add(name)
      const before = parents[above] ?? 0
      parents[above] = before + 1
      work += rows(before + 1) - (before === 0 ? 0 : rows(before))
    }
    levels = Math.max(levels, path.length)
    tokens += reached(path, acceptance)
    worths.push({ levels, work: rows ? work : levels, tokens })
  }
  return worths
}

/** Tokens that a round with the tree commits on average, the target's own included. */
export function expected(paths: RankPaths, acceptance: AcceptanceByRank): number {
  let sum = 1
  for (const path of paths) sum += reached(path, acceptance)
  return sum
}

/** Probability that a node is accepted. */
function reached(path: readonly number[], acceptance: AcceptanceByRank): number {
  let product = 1
  for (let level = 0; level < path.length; level++) product *= acceptance[level]?.[path[level] as number] ?? 0
  return product
}
