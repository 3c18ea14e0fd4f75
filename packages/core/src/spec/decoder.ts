import type { ModelConfig } from './model'
import type { Ops } from './ops'
import type { KvLayer, Pass } from './pass'
import type { Tensor, Weight } from './tensor'

/** A decoder on the device as a graph of op calls. */
export interface DecoderModel {
  readonly config: ModelConfig
  readonly embedding: Weight
  readonly lmHead: Weight
  readonly finalNorm: { readonly gain: Tensor; readonly eps: number }
  /** A cache for one session: `slots` positions, provisional rows included. */
  cache(slots: number, label: string): KvCache
  /**
   * Records embedding, layers `from` to `to` (excluded) and, where `to` is the last, nothing more: the residual stream is left in
   * the returned tensor, f32 [rows, hidden], which belongs to the model and holds until its next pass.
   */
  forward(ops: Ops, args: ForwardArgs): Tensor
  /** Records final norm and LM head over the rows of `x`: logits f32 [rows, vocab], which belong to the model. */
  logits(ops: Ops, args: { x: Tensor; rows: number; pass?: Pass }): Tensor
  dispose(): void
}

/** Which rows run through which layers, and what is kept of them. */
export interface ForwardArgs {
  readonly pass: Pass
  readonly cache: KvCache
  /** First layer, default 0 (which embeds `pass.tokens`). */
  readonly from?: number
  /** Layer to stop before, default all. */
  readonly to?: number
  /** The residual stream entering layer `from`, f32 [rows at least, hidden]; default what the model's last pass left. */
  readonly x?: Tensor
  /** Copies of the residual stream entering a layer: layer id → f32 [rows, hidden]. */
  readonly capture?: ReadonlyMap<number, Tensor>
}

/** The target as a strategy sees it. */
export type TargetModel = Omit<DecoderModel, 'dispose'>

/** Keys and values of one sequence. */
export interface KvCache {
  readonly slots: number
  readonly bytes: number
  layer(index: number): KvLayer
  /** Records the compaction of the accepted path, for rows below `rows` of the tree. */
  compact(ops: Ops, outcome: Tensor, rows: number): void
  dispose(): void
}
