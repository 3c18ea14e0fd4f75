import type { ShapeLimits } from '../spec'
import { likeliestPaths, type RankPaths } from '../tree'
import type { RoundCost } from './adaptive-cost'
import { type Drafting, draftSizes, run, type SizeModel, type SizeOutcome } from './draft-sizes'
import { RankEstimates } from './rank-estimates'

/** Rounds from one planning of trees to the next; the first comes sooner. */
const planned = 16
const first = 8
/** A tree takes the place of another that is worse by so much: a new one has to be recorded. */
const better = 1.05
/** Choices of a node that are looked at: rarer ones are hardly ever right. */
const mostChoices = 10
/** Trees that are drafted before those that there are have to do: each leaves a program on the device. */
const mostDrafted = 32

/** A tree of some size. */
export interface PlannedTree {
  /** Parents first, the likeliest first. */
  readonly paths: RankPaths
  readonly levels: number
}

/** What is known of a part's drafts, whichever session learned it. */
export interface ShapeKnowledge {
  readonly ranks: RankEstimates
  /** By size. */
  readonly trees: Map<number, PlannedTree>
}

/** Nothing yet. */
export function nothingKnown(): ShapeKnowledge {
  return { ranks: new RankEstimates(), trees: new Map() }
}

/**
 * The best tree of each size by measured acceptance (`RankEstimates`, `likeliestPaths`): of those of equally many nodes the depth
 * that brings most for what verifying and drafting its levels cost. Every outcome tells of every size.
 */
export class ShapeEstimates implements SizeModel {
  readonly sizes: readonly number[]
  readonly chain: boolean = false
  readonly #drafted = new Set<PlannedTree>()
  /** Expected tokens by size, under what is known now. */
  readonly #tokens = new Map<number, number>()
  #rounds = 0

  constructor(
    private readonly cost: RoundCost,
    most: number,
    private readonly limits: ShapeLimits,
    private readonly known: ShapeKnowledge = nothingKnown(),
  ) {
    this.sizes = draftSizes(most)
    // Trees of other sessions were planned with times that are not known here yet.
    if (known.trees.size === 0) this.#plan()
  }

  /** The tree that would be drafted. */
  planned(size: number): PlannedTree {
    return this.known.trees.get(size) as PlannedTree
  }

  /** The tree to draft. */
  tree(size: number): PlannedTree {
    const tree = this.planned(size)
    this.#drafted.add(tree)
    return tree
  }

  /** Acceptance by level and rank. */
  get acceptance(): readonly (readonly number[])[] {
    const { levels, choices } = this.limits
    return this.known.ranks.acceptance(levels, Math.min(choices, mostChoices))
  }

  reach(size: number): number {
    return this.planned(size).paths.length
  }

  tokens(size: number): number {
    if (this.#tokens.size === 0) {
      const { acceptance } = this
      for (const each of this.sizes) this.#tokens.set(each, expected(acceptance, this.planned(each).paths))
    }
    return this.#tokens.get(size) as number
  }

  hope(size: number, hoped: number): number {
    return 1 + run(hoped, this.planned(size).levels)
  }

  verifyCost(size: number): number {
    return this.cost.verify(this.reach(size))
  }

  /** By levels: so often something is run. */
  drafting(size: number): Drafting {
    const { levels } = this.planned(size)
    return { key: levels, shape: { nodes: levels, chain: true } }
  }

  observe({ given, parents, path }: SizeOutcome): void {
    if (given === 0 || !parents) return
    this.known.ranks.observe(parents, path)
    this.#tokens.clear()
    this.#rounds++
    const due = this.#rounds < planned ? first : planned
    if (this.#rounds % due === 0 && this.#drafted.size < mostDrafted) this.#plan()
  }

  #plan(): void {
    const { acceptance, cost } = this
    const { levels, expand } = this.limits
    const most = this.sizes.at(-1) as number
    const found = Array.from({ length: levels }, (_, level) => {
      const limits = { nodes: most, depth: level + 1, ...(expand !== undefined && { expand }) }
      return likeliestPaths(acceptance, limits).paths
    })
    const rate = ({ paths, levels: depth }: PlannedTree) =>
      expected(acceptance, paths) /
      Math.max(cost.verify(paths.length) + cost.besides(depth, { nodes: depth, chain: true }), cost.verify(0) / 10)
    for (const size of this.sizes) {
      const trees = found.map((all) => treeOf(all.slice(0, size)))
      const best = trees.reduce((a, b) => (rate(b) > rate(a) ? b : a))
      const present = this.known.trees.get(size)
      if (!present || rate(best) > rate(present) * better) this.known.trees.set(size, best)
    }
    this.#tokens.clear()
  }
}

function treeOf(paths: RankPaths): PlannedTree {
  return { paths, levels: paths.reduce((most, { length }) => Math.max(most, length), 0) }
}

/** Tokens that a round with the tree commits on average, the target's own included. */
function expected(acceptance: readonly (readonly number[])[], paths: RankPaths): number {
  let sum = 1
  for (const path of paths) {
    let worth = 1
    for (const [level, rank] of path.entries()) worth *= acceptance[level]?.[rank] ?? 0
    sum += worth
  }
  return sum
}
