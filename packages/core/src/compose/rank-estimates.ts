import type { AcceptanceByRank } from '../tree'

/** Rounds after which an outcome counts half. */
const halfLife = 64
const discount = 0.5 ** (1 / halfLife)
/** As how many outcomes counts what is assumed of a choice: at the first level, or the level above. */
const prior = 4
/** Acceptance of a first choice that is assumed before anything was seen. */
const assumed = 0.7
/** Share that a choice is assumed to take of what the better ones leave. */
const further = 0.35

/** A share, and as how many outcomes it counts. */
interface Estimate {
  readonly share: number
  readonly weight: number
}

interface Seen {
  tried: number
  accepted: number
}

/**
 * Acceptance of drafted nodes by level and rank, a node's place among the children of its parent: of a round's tree those say
 * something whose parent was accepted, one of which may be accepted. Outcomes fade as others come in. What was seen too little is
 * assumed to be as on the level above, and on the first level as choices usually fall off: so trees first have what is likely to pay,
 * and keep what is seen to.
 */
export class RankEstimates {
  /** By level and rank. */
  readonly #seen: Seen[][] = []

  /** The tree that was verified, parents first, and its accepted nodes, root side first. */
  observe(parents: readonly number[], path: readonly number[]): void {
    for (const ranks of this.#seen)
      for (const seen of ranks) {
        seen.tried *= discount
        seen.accepted *= discount
      }
    for (let level = 0; level <= path.length; level++) {
      const above = level === 0 ? -1 : path[level - 1]
      let rank = 0
      for (let node = 0; node < parents.length; node++) {
        if (parents[node] !== above) continue
        const seen = this.#at(level, rank++)
        seen.tried++
        if (node === path[level]) seen.accepted++
      }
    }
  }

  /** Shares as `likeliestPaths` takes them: they do not grow with the rank, and sum to at most 1 a level. */
  acceptance(levels: number, choices: number): AcceptanceByRank {
    const all: number[][] = []
    for (let level = 0; level < levels; level++) {
      const own: Estimate[] = []
      let left = 1
      for (let rank = 0; rank < choices; rank++) {
        const usual = all[level - 1]?.[rank] ?? (rank === 0 ? assumed : further * left)
        const { tried, accepted } = this.#seen[level]?.[rank] ?? { tried: 0, accepted: 0 }
        const weight = tried + prior
        const share = Math.min((accepted + prior * Math.min(usual, own[rank - 1]?.share ?? 1)) / weight, left)
        own.push({ share, weight })
        left -= share
      }
      all.push(falling(own))
    }
    return all
  }

  #at(level: number, rank: number): Seen {
    this.#seen[level] ??= []
    const ranks = this.#seen[level]
    while (ranks.length <= rank) ranks.push({ tried: 0, accepted: 0 })
    return ranks[rank] as Seen
  }
}

/** The nearest shares that do not grow: neighbours that do take their mean (pool adjacent violators). */
function falling(estimates: readonly Estimate[]): number[] {
  const pools: (Estimate & { readonly count: number })[] = []
  for (const estimate of estimates) {
    let pool = { ...estimate, count: 1 }
    for (let last = pools.at(-1); last && last.share < pool.share; last = pools.at(-1)) {
      pools.pop()
      const weight = last.weight + pool.weight
      const share = (last.share * last.weight + pool.share * pool.weight) / weight
      pool = { share, weight, count: last.count + pool.count }
    }
    pools.push(pool)
  }
  return pools.flatMap(({ share, count }) => new Array<number>(count).fill(share))
}
