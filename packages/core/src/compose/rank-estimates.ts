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
    for (const seen of this.#seen.flat()) {
      seen.tried *= discount
      seen.accepted *= discount
    }
    for (const [level, above] of [-1, ...path].entries()) {
      const children = parents.flatMap((parent, node) => (parent === above ? [node] : []))
      for (const [rank, node] of children.entries()) {
        const seen = this.#at(level, rank)
        seen.tried++
        if (node === path[level]) seen.accepted++
      }
    }
  }

  /** Shares as `likeliestPaths` takes them: they do not grow with the rank, and sum to at most 1 a level. */
  acceptance(levels: number, choices: number): AcceptanceByRank {
    const all: number[][] = []
    for (let level = 0; level < levels; level++) {
      const own: number[] = []
      let left = 1
      for (let rank = 0; rank < choices; rank++) {
        const usual = rank === 0 ? assumed : further * left
        const { tried, accepted } = this.#seen[level]?.[rank] ?? { tried: 0, accepted: 0 }
        const share = (accepted + prior * (all[level - 1]?.[rank] ?? usual)) / (tried + prior)
        own.push(Math.min(share, own[rank - 1] ?? 1, left))
        left -= own[rank] as number
      }
      all.push(own)
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
