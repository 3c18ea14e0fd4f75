import type { TokenTree } from '../tree/tree'
import type { Backend } from './backend'
import type { Ops } from './ops'
import type { Pass } from './pass'
import type { Tensor } from './tensor'

/**
 * What a rule promises: the tokens of plain decoding (`same-tokens`), their distribution (`same-distribution`), or neither.
 */
export type Guarantee = 'same-tokens' | 'same-distribution' | 'lossy'

/** A rule that decides on the device: it joins the round's one submission. */
export interface DeviceAcceptance {
  /** Allocates what `record` uses, for one session. */
  start(backend: Backend, maxRows: number): DeviceVerdict
}

/** A rule's part of one session's programs. What it allocated is freed by its `dispose`. */
export interface DeviceVerdict {
  /** Reads logits f32 [rows, vocab] and the tree's tokens (`pass`), and leaves the outcome (OUTCOME). */
  record(
    ops: Ops,
    args: { readonly logits: Tensor; readonly vocab: number; readonly pass: Pass; readonly outcome: Tensor },
  ): void
  dispose(): void
}

/** A rule that decides on the host: it costs one submission and one read of the logits more a round. */
export interface HostAcceptance {
  /** `path`: accepted nodes, root side first. `next`: the token that follows them. */
  decide(args: {
    readonly tree: TokenTree
    /** Logits after the pending token, then after each node: f32 [vocab], nats up to a constant. */
    readonly logits: (row: number) => Float32Array
  }): { readonly path: readonly number[]; readonly next: number }
}

/** Decides which path of a verified tree is kept. Chosen by the user; whether text may change is its word alone. */
export type AcceptanceRule = {
  readonly specVersion: 1
  readonly name: string
  readonly guarantee: Guarantee
} & ({ readonly device: DeviceAcceptance } | { readonly host: HostAcceptance })
