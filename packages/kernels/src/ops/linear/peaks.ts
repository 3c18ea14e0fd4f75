import type { Tensor, Weight } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { packedWeight } from '../../weights/packed-weight'
import { chooseDotTile } from '../linear-i8/dot-tile'
import { chooseTile } from './tile'

/** The best output of each group of outputs of a row, as a product leaves them: u32 [rows, groups, 2] of (order, token). */
export interface Peaks {
  readonly records: Tensor
  readonly groups: number
  /** Pairs of outputs of a group. */
  readonly pairs: number
  /** u32 [outputs]: what stands for the token; undefined: itself. */
  readonly targetIds: Tensor | undefined
}

/** A product whose peaks can still be kept as it stores what it stores. */
interface Writer {
  /** Its first step and its last. */
  readonly firstStep: number
  readonly written: number
  readonly rows: number
  readonly outputs: number
  readonly pairs: number
  peaks: Peaks | undefined
}

const known = new WeakMap<Recorder, Map<Tensor, Writer>>()

/** Notes that the last write of `out` can keep peaks, if a later op asks for them; gives what tells whether one did. */
export function notePeaks(
  recorder: Recorder,
  out: Tensor,
  { weight, rows, firstStep }: { readonly weight: Weight; readonly rows: number; readonly firstStep: number },
): () => Peaks | undefined {
  const writers = known.get(recorder) ?? new Map<Tensor, Writer>()
  known.set(recorder, writers)
  const writer: Writer = {
    firstStep,
    written: recorder.lastWrite(out),
    rows,
    outputs: weight.shape[0],
    pairs: leastPairs(recorder, weight, rows),
    peaks: undefined,
  }
  writers.set(out, writer)
  return () => writer.peaks
}

/** The peaks of the first `rows` rows of `logits`, [rows, vocab], or undefined where no product wrote them last that keeps some. */
export function peaksOf(
  recorder: Recorder,
  logits: Tensor,
  { vocab, rows, targetIds }: { readonly vocab: number; readonly rows: number; readonly targetIds: Tensor | undefined },
): Peaks | undefined {
  const writer = known.get(recorder)?.get(logits)
  if (!writer || writer.written !== recorder.lastWrite(logits)) return undefined
  if (writer.outputs !== vocab || writer.rows < rows) return undefined
  if (targetIds && recorder.lastWrite(targetIds) >= writer.firstStep) return undefined
  const { peaks } = writer
  if (peaks) return peaks.targetIds === targetIds ? peaks : undefined
  const groups = Math.ceil(vocab / (2 * writer.pairs))
  const records = recorder.scratch([writer.rows, groups, 2], 'u32', 'peaks')
  writer.peaks = { records, groups, pairs: writer.pairs, targetIds }
  return writer.peaks
}

/** Pairs of the smallest workgroup among those of the weight's parts; larger ones have a multiple of it. */
function leastPairs(recorder: Recorder, weight: Weight, rows: number): number {
  const packed = packedWeight(recorder.memory, weight)
  const { tiles, device } = recorder
  const sizes = packed.parts.flatMap(({ panels }) =>
    [
      tiles?.tile(packed, rows) ?? chooseTile(rows, panels, device),
      ...([1, 16, 32] as const).map(
        (least) => tiles?.dotTile(packed, rows, least) ?? chooseDotTile(rows, panels, device, least),
      ),
    ].map(({ lanes, pairs }) => lanes * pairs),
  )
  return Math.min(...sizes)
}
