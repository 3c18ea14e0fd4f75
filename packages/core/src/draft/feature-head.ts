import type { CacheShape } from '../cache'
import type { KvCache, Ops, Pass, Tensor } from '../spec'

/** Which rows become features. */
export interface FeatureArgs {
  /** The target's hidden states, f32 [rows of the pass, its hidden size]. */
  readonly states: readonly Tensor[]
  /** Rows of the pass that hold them. */
  readonly from: number
  /** Features to make: of the first so many rows, or of those that `pick` names, u32 from `at` on. */
  readonly rows: number
  readonly pick?: { readonly indices: Tensor; readonly at: number }
}

/**
 * A small decoder that goes on from hidden states, as `FeatureProposer` drives it: entry i of its cache pairs the feature at position
 * i with the token after it (EAGLE, Li et al. 2024; MTP, DeepSeek-V3). Its activations are its own: an engine's sessions take turns.
 */
export interface FeatureHead {
  /** For messages and labels. */
  readonly label: string
  /** The target's hidden states that it is fed: the final one, or the residual streams entering layers. */
  readonly reads: 'final' | readonly number[]
  readonly cache: CacheShape
  /** Width of the state that one step hands to the next. */
  readonly width: number
  /** Rows of the logits that are chosen from. */
  readonly vocab: number
  /** u32 [vocab]: the target's id of each; null where they are the target's own. */
  readonly targetIds: Tensor | null
  /** Where states may be gathered for `step`, f32 [rows, width]. */
  readonly gathered: Tensor
  /** Rows that `logits` takes at most: a `StaticDrafter` drafts whatever tree needs no more. Absent: those of its own tree. */
  readonly mostLogits?: number
  /** Records what makes features of the target's states: f32 [rows, width]. */
  features(ops: Ops, args: FeatureArgs): Tensor
  /**
   * Records one step over the tokens of `pass`, row r fed `g`[r], and gives the state that the logits are taken from and that feeds
   * the next step: f32 [rows, width], which holds until the next step. `own`: whether `g` are such states, not features; it may be
   * the very tensor that the step before gave.
   */
  step(
    ops: Ops,
    args: { readonly pass: Pass; readonly g: Tensor; readonly own: boolean; readonly cache: KvCache },
  ): Tensor
  /** Records the logits of states that `step` gave, those of `pass` where it is given: f32 [rows, vocab]. */
  logits(ops: Ops, args: { readonly x: Tensor; readonly rows: number; readonly pass?: Pass }): Tensor
}
