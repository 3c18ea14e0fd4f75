import { MAX_TREE_ROWS, type ShapeLimits } from '../spec'
import { type AcceptanceByRank, likeliestPaths, type RankPaths } from '../tree'
import type { RoundCost } from './adaptive-cost'
import { type Drafting, draftSizes, run, type SizeModel, type SizeOutcome } from './draft-sizes'
import { expected, type TreeWorth, worthOf } from './grown-tree'
import { RankEstimates } from './rank-estimates'

/** Rounds that drafted before trees are planned anew: at each doubling, and after so many each time. */
const first = 8
const planned = 256
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
  /** By work, in levels of one row, and nodes: trees that have as much of both take equally long. */
  readonly drafting: Drafting
}

/** What is known of a part's drafts, whichever session learned it. */
export interface ShapeKnowledge {
  readonly ranks: RankEstimates
  /** Rounds that drafted. */
  rounds: number
  /** By size. */
  readonly trees: Map<number, PlannedTree>
}

/** Nothing yet. */
export function nothingKnown(): ShapeKnowledge {
  return { ranks: new RankEstimates(), rounds: 0, trees: new Map() }
}

/**
 * The best tree of each size by measured acceptance (`RankEstimates`, `likeliestPaths`): of those of equally many nodes the depth
 * that brings most for what verifying and drafting its levels cost. Every outcome tells of every size.
 */
export class ShapeEstimates implements SizeModel {
  readonly sizes: readonly number[]
  readonly chain: boolean = false
  /** Outcomes of any size tell of all: a try is to find out what a larger one takes. */
  readonly firstTry = 64
  readonly #drafted = new Set<PlannedTree>()
  /** Expected tokens by size, under what is known now. */
  readonly #tokens = new Map<number, number>()

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
      for (const each of this.sizes) this.#tokens.set(each, expected(this.planned(each).paths, acceptance))
    }
    return this.#tokens.get(size) as number
  }

  hope(size: number, hoped: number): number {
    return 1 + run(hoped, this.planned(size).levels)
  }

  verifyCost(size: number): number {
    return this.cost.verify(this.reach(size))
  }

  drafting(size: number): Drafting {
    return this.planned(size).drafting
  }

  observe({ given, parents, path }: SizeOutcome): void {
    if (given === 0 || !parents) return
    this.known.ranks.observe(parents, path)
    this.#tokens.clear()
    const rounds = ++this.known.rounds
    const due = rounds % planned === 0 || (rounds >= first && Number.isInteger(Math.log2(rounds)))
    if (due && this.#drafted.size < mostDrafted) this.#plan()
  }

  /** The best tree of each size: of equally many nodes the depth that brings most for what it takes. */
  #plan(): void {
    const { acceptance, cost } = this
    const { levels, expand } = this.limits
    // Where each level is run over the nodes that have children, more rows take as much longer as in the target.
    const rows = expand === undefined ? null : (count: number) => cost.verify(count - 1) / cost.verify(0)
    const most = this.sizes.at(-1) as number
    const grown = Array.from({ length: levels }, (_, level) => {
      const limits = { nodes: most, depth: level + 1, ...(expand !== undefined && { expand }) }
      const { paths } = likeliestPaths(acceptance, limits)
      return { paths, worths: worthOf(paths, acceptance, rows) }
    })
    for (const size of this.sizes) {
      const trees = grown.map(({ paths, worths }) => {
        const nodes = Math.min(size, paths.length)
        const { levels, work, tokens } = worths[nodes] as TreeWorth
        const drafting = draftingOf(work, nodes)
        return { paths, nodes, levels, drafting, rate: this.#rate(nodes, drafting, tokens) }
      })
      const best = trees.reduce((a, b) => (b.rate > a.rate ? b : a))
      const present = this.known.trees.get(size)
      if (present && best.rate <= better * this.#presentRate(present, acceptance)) continue
      const { levels, drafting } = best
      this.known.trees.set(size, { paths: best.paths.slice(0, best.nodes), levels, drafting })
    }
    this.#tokens.clear()
  }

  #presentRate({ paths, drafting }: PlannedTree, acceptance: AcceptanceByRank): number {
    return this.#rate(paths.length, drafting, expected(paths, acceptance))
  }

  #rate(nodes: number, { key, shape }: Drafting, tokens: number): number {
    const { cost } = this
    return tokens / Math.max(cost.verify(nodes) + cost.besides(key, shape), cost.verify(0) / 10)
  }
}

function draftingOf(work: number, nodes: number): Drafting {
  return { key: Math.round(16 * work) * MAX_TREE_ROWS + nodes, shape: { nodes: work, chain: true } }
}
