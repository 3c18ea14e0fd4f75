import type { Guarantee } from './acceptance'
import type { Backend, Program } from './backend'
import type { KvCache } from './decoder'
import type { Budget, Draft, ShapeLimits } from './draft'
import type { Pass, SequenceTensors, TreeTensors } from './pass'
import type { SamplingTensors } from './sampling'
import type { Tensor } from './tensor'

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
  /** The target's own keys and values, for drafts that run its layers: behind the committed entries a pass may write what it likes. */
  readonly cache: KvCache
  /** What the request's acceptance rule promises. Unless it is `same-tokens`, nothing that is measured may steer a draft: a seed would not repeat. */
  readonly guarantee: Guarantee
  /**
   * Noise to draw drafts with (`ops.perturbLogits`), live: null while decoding is greedy. Under a rule of the same tokens it is the
   * target's own, so that what a drafter draws is what the target draws where their distributions agree; under others a stream apart, of
   * a seed that is each round's own: read the tensors when drafting, not before.
   */
  readonly noise: DraftNoise | null
  /**
   * Where a draft of the device leaves what it was drawn from (`DeviceDraft.q`, `keepDrawn`): f32 [maxRows, vocab] by row of the tree,
   * nats up to a constant, the temperature in them. null, or absent, where the rule does not judge by it.
   */
  readonly q?: Tensor | null
  /** Slots that a cache of this session needs: capacity and the provisional rows of the largest pass. */
  readonly slots: number
  /** Largest number of rows in one pass, the pending token's included; MAX_TREE_ROWS at most. */
  readonly maxRows: number
  /** Kept hidden states of the last pass: `final` or the layer id. f32 [maxRows, hidden]. Undefined where not in `needs`. */
  hidden(which: 'final' | number): Tensor | undefined
}

/** What drafts are drawn with. */
export interface DraftNoise {
  readonly sampling: SamplingTensors
  readonly stream: number
}

/** What was committed: by the prompt's prefill, or by a round. */
export interface Committed {
  /** Position of the first of `tokens`. */
  readonly start: number
  readonly tokens: readonly number[]
  /** Committed entries of the target's KV cache now: after a round the position of the pending token. */
  readonly length: number
  /** How many of the tokens a draft supplied (a round's last one never is). */
  readonly accepted: number
  /** The accepted nodes of the tree that was verified, root side first. */
  readonly path: readonly number[]
  /** Whether this proposer's own draft was verified. */
  readonly own: boolean
}

/** Which pass a proposer is to follow on the device. */
export interface Follow {
  /** A chunk of the prompt was prefilled, or a tree verified and its outcome committed. */
  readonly kind: 'prefill' | 'round'
  /** Rows of the pass. Of a prefill's rows, MAX_PATH at most, `index[rows]` hold something. */
  readonly pass: Pass
  /** Whether the tree was this proposer's own draft. */
  readonly own: boolean
  /** Whether the tree was a chain. */
  readonly chain: boolean
  /** Most nodes and most levels that the tree had. */
  readonly nodes: number
  readonly levels: number
}

/** Drafts for one session. Every method sees the present state only; nothing is called while another call runs. */
export interface Proposer {
  /**
   * Whether drafts follow from the device's state alone, so that the next one may be asked for before the outcome of the last is known
   * to the host: `propose` and `follow` of a round then come before `observe` of the one before it, and `session.tokens` lacks what that
   * commits. `propose` answers at once, no promise. A round that was begun in vain is never observed: `truncate` comes instead, and
   * what the device holds may be further than the last outcome that was. Live; default false: each round waits for the one before it.
   */
  readonly ahead?: boolean
  /**
   * Which trees it drafts where a budget names their nodes (`Budget.paths`): children of a node then stand in the order of their
   * ranks, so that outcomes tell how likely each rank is. Null or absent: it draws up its trees itself.
   */
  readonly shapes?: ShapeLimits | null
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
  /**
   * Whether it is, once `truncate(0)` was called, what `start` would give: then the session's next generation takes it over, with what it
   * has recorded. Default false: that gets a proposer of its own.
   */
  readonly reusable?: boolean
  /** What there is to say about the drafts so far, for the generation's stats: plain JSON values by name. */
  report?(): Report
  dispose?(): void
}

/** What a proposer tells of its decisions: plain JSON. */
export type Report = {
  readonly [name: string]: string | number | boolean | null | Report | readonly (string | number)[]
}
