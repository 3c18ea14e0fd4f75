import type { Backend } from './backend'
import type { Ops } from './ops'
import type { Pass, SequenceTensors } from './pass'
import type { Tensor } from './tensor'

/** A processor that works on the device: it joins the round's one submission. */
export interface DeviceProcessor {
  /** Allocates what `record` uses, for one session whose passes have at most `maxRows` rows. */
  start(backend: Backend, limits: { readonly maxRows: number; readonly vocab: number }): RunningProcessor
}

/** A processor's part of one session's programs. What it allocated is freed by its `dispose`. */
export interface RunningProcessor {
  /** Changes the logits of every row in place, by the row's own path alone: drafts then change no text. */
  record(ops: Ops, args: ProcessedRows): void
  dispose?(): void
}

/** What a processor on the device works on. */
export interface ProcessedRows {
  /** f32 [rows, vocab], nats up to a constant: the model's own, as processors before left them. -∞: never. */
  readonly logits: Tensor
  readonly vocab: number
  /** The tree's rows: `index` has each row's path. Rows from `index[rows]` on are padding. */
  readonly pass: Pass
  /** Committed tokens, the pending one (row 0 of the tree) included. */
  readonly sequence: SequenceTensors
}

/** A processor that works on the host: it costs one submission and one read of the logits more a round. */
export interface HostProcessor {
  /** Called for every row of a round; must depend on what it is given alone, so that drafts change no text. */
  process(args: {
    /** f32 [vocab], nats up to a constant: the model's own, as processors before left them; to be changed in place. -∞: never. */
    readonly logits: Float32Array
    /** Every token before the one that the logits are for: those committed, and below them the row's path. */
    readonly tokens: readonly number[]
  }): void
}

/**
 * Changes logits before anything else does: penalties, bias, constraint, temperature and filters follow. Of several, those on the
 * device come first, then those on the host, each in the order given.
 *
 * @example
 * ```ts
 * import type { LogitsProcessor } from '@outrider/core'
 *
 * export const neverTwice: LogitsProcessor = {
 *   specVersion: 1,
 *   name: 'never-twice',
 *   host: {
 *     process: ({ logits, tokens }) => {
 *       logits[tokens.at(-1) as number] = Number.NEGATIVE_INFINITY
 *     },
 *   },
 * }
 * ```
 */
export type LogitsProcessor = {
  readonly specVersion: 1
  readonly name: string
} & ({ readonly device: DeviceProcessor } | { readonly host: HostProcessor })
