import type { DraftShape } from './adaptive-cost'

/** Sizes to choose from: those that fill a pass, and those of short chains. */
const sizes: readonly number[] = [1, 2, 3, 4, 5, 7, 11, 15, 23, 31, 47, 63, 95, 127, 191, 255]

/** Sizes of drafts that have at most `most` nodes, that one among them. */
export function draftSizes(most: number): readonly number[] {
  return [...sizes.filter((size) => size < most), most]
}

/** How a round ended. */
export interface SizeOutcome {
  /** Nodes that the draft was asked to have at most, and those that it had: 0, the part had nothing to say. */
  readonly asked: number
  readonly given: number
  /** Accepted nodes, root side first. */
  readonly path: readonly number[]
  readonly chain: boolean
  /** Parent of each node that was given; null or absent where the host does not know it. */
  readonly parents?: readonly number[] | null
}

/** What a draft is timed by: drafts of one key take equally long, beside their verification. */
export interface Drafting {
  readonly key: number
  readonly shape: DraftShape
}

/** What drafts of each size bring and cost, as far as outcomes tell. */
export interface SizeModel {
  /** Ascending. */
  readonly sizes: readonly number[]
  /** Whether drafts are chains and nothing else, as far as is known. */
  readonly chain: boolean
  /** Rounds of a smaller size, or of none, before a larger one is tried the first time. */
  readonly firstTry: number
  /** Nodes of a draft that is asked for as `size`, as far as is known. */
  reach(size: number): number
  /** Tokens that a round is expected to commit, and those that it would if each level were kept with probability `hoped`. */
  tokens(size: number): number
  hope(size: number, hoped: number): number
  /** Cost of its pass. */
  verifyCost(size: number): number
  /** Of a draft that was asked for as `size` and has `nodes`: by default as many as it reaches. */
  drafting(size: number, nodes?: number): Drafting
  observe(outcome: SizeOutcome): void
}

/** Nodes that are kept of a chain of `nodes` where each is with probability `acceptance` if all before it are. */
export function run(acceptance: number, nodes: number): number {
  return acceptance === 1 ? nodes : (acceptance * (1 - acceptance ** nodes)) / (1 - acceptance)
}
