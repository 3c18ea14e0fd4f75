import type { KvCache, Ops, ShapeLimits, Tensor } from '../spec'
import type { RankPaths } from '../tree'

/** What a draft begins with. */
export interface DraftRun {
  /** State of the last committed entry, f32 [1, width]. */
  readonly last: Tensor
  /** The head's own pass index; its row 0 is the last committed entry. */
  readonly index: Tensor
  /** u32 [1]: slot of row 0. */
  readonly base: Tensor
  readonly cache: KvCache
  /** Every position of the draft is below it (`Pass.reach`). */
  readonly reach: number
}

/** A draft to record; the same `key` for the same program. Plans are asked for every round: keep them. */
export interface DraftPlan {
  readonly key: string
  readonly nodes: number
  readonly levels: number
  /** null: the program writes the topology. */
  readonly parents: readonly number[] | null
  /** Whether the program leaves in the session's `q` what it was drawn from (`DeviceDraft.q`). Default false. */
  readonly q?: boolean
  record(ops: Ops, run: DraftRun): void
}

/** How a `FeatureProposer` drafts a round's tree. */
export interface Drafter {
  /** Trees that it drafts where they are named; null or absent: none. */
  readonly shapes?: ShapeLimits | null
  /** The draft for a budget of `nodes` and `depth`, both at least 1: of `paths` where they are given, within `shapes`. */
  plan(nodes: number, depth: number, paths?: RankPaths): DraftPlan
  dispose(): void
}
