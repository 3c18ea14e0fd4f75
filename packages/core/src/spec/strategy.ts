import type { TokenTree } from '../tree/tree'
import type { Backend, Program } from './backend'
import type { LoadProgress, TensorFiles } from './checkpoint'
import type { ModelConfig } from './model'
import type { Ops } from './ops'
import type { KvLayer, Pass, SequenceTensors, TreeTensors } from './pass'
import type { Tensor, Weight } from './tensor'
import type { Tokenizer } from './tokenizer'

/**
 * What a plugin exports: plain data and one factory. The engine asks for nothing else and never for the name.
 *
 * @example
 * ```ts
 * import type { Strategy } from '@outrider/core/spec'
 *
 * /** Proposes that the last token comes again. *\/
 * export const echo = (): Strategy => ({
 *   specVersion: 1,
 *   name: 'echo',
 *   load: async () => ({
 *     start: (session) => ({
 *       propose: () => ({ tokens: session.tokens.slice(-1), parents: [-1] }),
 *     }),
 *   }),
 * })
 * ```
 */
export interface Strategy {
  readonly specVersion: 1
  /** How the user picks it in `generate({ strategy })`, and how reports call it. Unique within an engine. */
  readonly name: string
  readonly needs?: StrategyNeeds
  /** Once an engine. Throws the plugin's own `OutriderError`. */
  load(host: StrategyHost): Promise<LoadedStrategy>
}

/** Hidden states of the target that are to be kept for every row of every pass. Nothing else is kept. */
export interface StrategyNeeds {
  /** The hidden state after the final normalisation. */
  readonly finalHidden?: boolean
  /** The residual stream *entering* these layers, 0-based; `layers` (their count) is what leaves the last one. */
  readonly layerInputs?: readonly number[]
}

/** What the engine offers a strategy while it loads. */
export interface StrategyHost {
  readonly backend: Backend
  readonly target: TargetModel
  readonly tokenizer: Tokenizer | null
  /** Positions that a session of this engine can hold. */
  readonly capacity: number
  /** Rows of the largest pass, the pending token's included. */
  readonly maxRows: number
  /**
   * Loads another decoder of the same family onto the same backend: a draft model, with its folder's tokenizer (null where it has
   * none). The strategy disposes of the model. Throws what loading throws.
   */
  loadModel(location: ModelLocation): Promise<{ readonly model: DecoderModel; readonly tokenizer: Tokenizer | null }>
  /** Opens a head's tensors as the engine opens its model: same cache, same credentials. The strategy closes them. */
  openTensors(location: ModelLocation): Promise<TensorFiles>
  readonly onProgress?: (progress: LoadProgress) => void
}

/** A local path, a URL or a Hub id (`owner/name`, `owner/name/file.gguf`). */
export type ModelLocation = string

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

/** A strategy on a device. */
export interface LoadedStrategy {
  /** What its checkpoint turned out to need, besides the strategy's own `needs`. */
  readonly needs?: StrategyNeeds
  /** A proposer for one session. What it allocates is freed by its `dispose`. */
  start(session: SessionView): Proposer
  /** Frees what `load` took. */
  dispose?(): void
}

/** What a proposer sees of its session. Device tensors hold their values whenever the proposer's programs run. */
export interface SessionView {
  readonly backend: Backend
  /** Committed tokens on the host, the pending one last. Live: always the present state; not to be changed. */
  readonly tokens: readonly number[]
  readonly sequence: SequenceTensors
  /** Where a device draft leaves its tree. Word 0 of `tokens` is filled by the engine. */
  readonly tree: TreeTensors
  /** u32 [OUTCOME.words]: the outcome of the round, once acceptance has run. */
  readonly outcome: Tensor
  /** Slots that a cache of this session needs: capacity and the provisional rows of the largest pass. */
  readonly slots: number
  /** Largest number of rows in one pass, the pending token's included. */
  readonly maxRows: number
  /** Kept hidden states of the last pass: `final` or the layer id. f32 [maxRows, hidden]. Undefined where not in `needs`. */
  hidden(which: 'final' | number): Tensor | undefined
}

/** How much may be drafted in this round. */
export interface Budget {
  /** Most nodes of the tree; at least 1. */
  readonly nodes: number
  /** Most levels below the pending token; at least 1. */
  readonly depth: number
}

/** A tree on the host. No nodes: nothing to say, and the round is a plain one. */
export interface HostDraft extends TokenTree {
  /** Who is credited with its tokens, where that is not the strategy that the request named: a part of a composition. */
  readonly by?: string
}

/** A tree whose tokens are left in `session.tree.tokens` by programs at the head of the round's submission: no read in between. */
export interface DeviceDraft {
  readonly programs: readonly Program[]
  readonly nodes: number
  /**
   * The topology where it is known beforehand, as in a `TokenTree`: the engine has laid it into `session.tree.shape` when the
   * programs run. null: the programs write `session.tree.shape` themselves.
   */
  readonly parents: readonly number[] | null
  /** As in `HostDraft`. */
  readonly by?: string
}

/** What a proposer answers: a tree on the host, one that programs leave on the device, or nothing. */
export type Draft = HostDraft | DeviceDraft | null

/** What was committed: by the prompt's prefill, or by a round. */
export interface Committed {
  /** Position of the first of `tokens`. */
  readonly start: number
  readonly tokens: readonly number[]
  /** Committed entries of the target's KV cache now: after a round the position of the pending token. */
  readonly length: number
  /** How many of the tokens a draft supplied (a round's last one never is). */
  readonly accepted: number
  /** Whether this proposer's own draft was verified. */
  readonly own: boolean
}

/** Which pass a proposer is to follow on the device. */
export interface Follow {
  /** A chunk of the prompt was prefilled, or a tree verified and its outcome committed. */
  readonly kind: 'prefill' | 'round'
  /** Rows of the pass. Of a prefill's rows `index[rows]` hold something. */
  readonly pass: Pass
  /** Whether the tree was this proposer's own draft. */
  readonly own: boolean
  /** Whether the tree was a chain. */
  readonly chain: boolean
  /** Nodes that the tree had. */
  readonly nodes: number
}

/** Drafts for one session. Every method sees the present state only; nothing is called while another call runs. */
export interface Proposer {
  /** The next draft, within the budget. null or an empty tree: nothing to propose. */
  propose(budget: Budget): Draft | Promise<Draft>
  /**
   * Programs that bring device state in step with what was just committed; they join the pass's own submission. Must give the
   * same programs for the same arguments, so record them once.
   */
  follow?(pass: Follow): readonly Program[]
  /** Host work after a chunk or a round, once the tokens are known; also when another strategy drafted them. */
  observe?(committed: Committed): void | Promise<void>
  /**
   * The session goes back to `length` committed cache entries (or asks whether the proposer is in step with them). Forgets what
   * lies beyond and returns the number of entries up to which its own state holds, at most `length`: the engine prefills again
   * from the smallest. A proposer without state has no need of it.
   */
  truncate?(length: number): number
  dispose?(): void
}
