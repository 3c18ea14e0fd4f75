import { SAMPLING } from '../sample'
import type { DrawnTree, Ops, Tensor } from '../spec'
import { INDEX, MAX_PATH, NO_TOKEN, OUTCOME } from '../spec'
import { massOf } from './mass'
import { rejectionPath } from './rejection-path'
import { rejectionWalkWgsl } from './rejection-walk.wgsl'
import { rowMasses } from './row-masses'
import { ROW_MASSES } from './row-masses.wgsl'

/** Drafts to judge by rejection: one, or lanes of them, whose trees and rows are the same and whose tokens and noise are their own. */
export interface RejectionWalk {
  readonly lanes: number
  /** Rows that may hold something. */
  readonly rows: number
  readonly vocab: number
  /** u32 [SAMPLING.words]; lane i draws as the sequence that is i further. */
  readonly params: Tensor
  /** u32 [INDEX.words]. */
  readonly index: Tensor
  /** u32 [lanes, as many as a lane has]: the token of each row. */
  readonly tokens: Tensor
  /** f32 [rows, vocab], as a rule gets them. */
  readonly logits: Tensor
  /** f32 [rows, vocab]: what rows' children were drawn from, nats. */
  readonly drawn: Tensor
  /** u32 [rows]: 1 where `drawn` says that. */
  readonly said: Tensor
  /** u32 [rows, ROW_MASSES.words]. */
  readonly masses: Tensor
  /** f32 [lanes · 3, vocab]. */
  readonly scratch: Tensor
  /** u32 [lanes · OUTCOME.words]. */
  readonly outcome: Tensor
}

/**
 * Judges drafts by rejection and leaves their outcomes, in two dispatches: sums of every row, then a walk a lane. In f32, where the host
 * has f64: a number that falls within rounding of a limit, one in a million or so, can be decided otherwise.
 */
export function rejectionWalk(ops: Ops, args: RejectionWalk): void {
  const { lanes, rows, vocab, params, index, tokens, logits, drawn, said, masses, scratch, outcome } = args
  rowMasses(ops, { logits, drawn, said, index, vocab, rows, out: masses })
  ops.kernel({
    label: 'rejection',
    wgsl: rejectionWalkWgsl(vocab),
    tensors: [
      { tensor: params, access: 'read' },
      { tensor: index, access: 'read' },
      { tensor: tokens, access: 'read' },
      { tensor: logits, access: 'read' },
      { tensor: drawn, access: 'read' },
      { tensor: masses, access: 'read' },
      { tensor: scratch, access: 'read_write' },
      { tensor: outcome, access: 'read_write' },
    ],
    workgroups: [lanes],
    reference: ([sampling, places, ids, p, q, summed, , out]) => {
      const size = (ids?.length ?? 0) / lanes
      for (let lane = 0; lane < lanes; lane++)
        judgeLane(lane, {
          sampling: sampling as Uint32Array,
          index: places as Uint32Array,
          vocab,
          tokens: ids?.subarray(lane * size, (lane + 1) * size) as Uint32Array,
          logits: p as Float32Array,
          drawn: q as Float32Array,
          masses: summed as Uint32Array,
          outcome: out?.subarray(lane * OUTCOME.words, (lane + 1) * OUTCOME.words) as Uint32Array,
        })
    },
  })
}

/** One draft, on the host. */
interface Lane {
  readonly sampling: Uint32Array
  readonly index: Uint32Array
  readonly vocab: number
  readonly tokens: Uint32Array
  readonly logits: Float32Array
  readonly drawn: Float32Array
  readonly masses: Uint32Array
  readonly outcome: Uint32Array
}

/** Asks the rule on the host. */
function judgeLane(lane: number, { sampling, index, vocab, tokens, logits, drawn, masses, outcome }: Lane): void {
  const length = index[INDEX.base] as number
  const rows = index[INDEX.rows] as number
  const rowOf = (from: Float32Array, row: number) => from.subarray(row * vocab, (row + 1) * vocab)
  const said = (row: number) => masses[row * ROW_MASSES.words + ROW_MASSES.drawnSum] !== 0
  const tree: DrawnTree = {
    tokens: Array.from(tokens.subarray(1, rows)),
    parents: Array.from({ length: rows - 1 }, (_, node) => parentOf(index, node + 1) - 1),
    q: Array.from({ length: rows }, (_, row) =>
      said(row) ? Float32Array.from(massOf(rowOf(drawn, row), false)) : null,
    ),
  }
  const { path, next } = rejectionPath({
    tree,
    logits: (row) => rowOf(logits, row),
    length,
    noise: {
      seedLow: sampling[SAMPLING.seedLow] as number,
      seedHigh: sampling[SAMPLING.seedHigh] as number,
      sequence: (sampling[SAMPLING.sequence] as number) + lane,
      stream: 0,
    },
    greedy: ((sampling[SAMPLING.temperature] as number) & 0x7fffffff) === 0,
  })
  outcome[OUTCOME.accepted] = path.length
  outcome[OUTCOME.length] = length
  outcome[OUTCOME.rows] = rows
  outcome.set([0, ...path.map((node) => node + 1)], OUTCOME.path)
  outcome.set([...path.map((node) => tree.tokens[node] as number), next < 0 ? NO_TOKEN : next], OUTCOME.tokens)
}

/** Row of a row's parent. */
function parentOf(index: Uint32Array, row: number): number {
  const depth = (index[INDEX.positions + row] as number) - (index[INDEX.base] as number)
  return index[INDEX.paths + row * MAX_PATH + depth - 1] as number
}
