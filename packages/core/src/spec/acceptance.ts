import type { NoiseKey } from '../sample'
import type { Backend } from './backend'
import type { DrawnTree } from './draft'
import type { Ops } from './ops'
import type { Pass } from './pass'
import type { SamplingTensors } from './sampling'
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
  /** Reads logits and the tree's tokens (`pass`), and leaves the outcome (OUTCOME). */
  record(ops: Ops, args: JudgedRows): void
  dispose(): void
}

/** What a rule on the device judges by. */
export interface JudgedRows {
  /** f32 [rows, vocab], nats up to a constant: penalties, bias, temperature and filters are in them (-∞: never). */
  readonly logits: Tensor
  readonly vocab: number
  readonly pass: Pass
  /** For `ops.sample`: the row's draw, at temperature 0 the most likely token. */
  readonly sampling: SamplingTensors
  readonly outcome: Tensor
  /** What rows' children were drawn from, where the rule `wantsQ`. */
  readonly q?: DrawnRows | null
}

/** What the children of a tree's rows were drawn from, without replacement and in the order of the rows. */
export interface DrawnRows {
  /** f32 [maxRows, vocab] by row of the tree, nats up to a constant (-∞: never drawn). */
  readonly logits: Tensor
  /** u32 [maxRows]: 1 where `logits` says it; of others nobody does, and each child is a point mass. */
  readonly said: Tensor
}

/** A rule that decides on the host: it costs one submission and one read of the logits more a round. */
export interface HostAcceptance {
  /** `path`: accepted nodes, root side first. `next`: the token that follows them. */
  decide(args: {
    /** With what it was drawn from, where the draft says so; a draft of the device does if the rule `wantsQ`. */
    readonly tree: DrawnTree
    /** Logits after the pending token, then after each node: f32 [vocab], nats up to a constant; penalties, bias, temperature and filters are in them. */
    readonly logits: (row: number) => Float32Array
    /** Position of the pending token; what is chosen after a row of depth d (0: the pending token's) stands d + 1 further. */
    readonly length: number
    /**
     * The round's noise, stream 0 (the target's): a rule takes its own streams, so that a seed repeats. Unless the rule promises the
     * same tokens, each round has a seed of its own.
     */
    readonly noise: NoiseKey
    /** At temperature 0: nothing is drawn, the target's probability is a point mass on the largest logit. */
    readonly greedy: boolean
  }): { readonly path: readonly number[]; readonly next: number }
}

/**
 * Decides which path of a verified tree is kept. Chosen by the user (`generate({ acceptance })`); whether text may change is its word
 * alone, and reports carry it. Anyone can write one; `exact`, `rejection`, `block` and `typical` come with the package. A rule draws
 * from streams of its own (2 decides what is kept, 3 draws what follows), by position, so that a seed repeats and no number serves twice.
 *
 * @example
 * ```ts
 * import type { AcceptanceRule } from '@outrider/core'
 *
 * // Keeps a drafted token that is among the three likeliest.
 * export const amongThree: AcceptanceRule = {
 *   specVersion: 1,
 *   name: 'among-three',
 *   guarantee: 'lossy',
 *   host: {
 *     decide: ({ tree, logits }) => {
 *       const path: number[] = []
 *       for (;;) {
 *         const above = path.at(-1) ?? -1
 *         const row = logits(above + 1)
 *         const best = Array.from(row.keys()).sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0))
 *         const kept = tree.tokens.findIndex((id, i) => tree.parents[i] === above && best.slice(0, 3).includes(id))
 *         if (kept < 0) return { path, next: best[0] ?? 0 }
 *         path.push(kept)
 *       }
 *     },
 *   },
 * }
 * ```
 */
export type AcceptanceRule = {
  readonly specVersion: 1
  readonly name: string
  readonly guarantee: Guarantee
  /** Whether it judges by what tokens were drawn from: drafts of the device then say so, too (`SessionView.q`). Default false. */
  readonly wantsQ?: boolean
} & ({ readonly device: DeviceAcceptance } | { readonly host: HostAcceptance })
