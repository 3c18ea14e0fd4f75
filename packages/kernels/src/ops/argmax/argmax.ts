import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { peaksOf } from '../linear/peaks'
import { argmaxWgsl, bestRecordsWgsl } from './argmax.wgsl'
import { choices } from './choice'

/** Logits of a row that one workgroup looks through. */
const chunk = 4096

/**
 * The best token of each row: of the peaks that the product which made the logits keeps, or of the logits, with a second dispatch
 * where a row has several chunks.
 */
export function argmax(recorder: Recorder, args: Parameters<Ops['argmax']>[0]): void {
  const { logits, vocab, rows, out, at = 0, targetIds } = args
  const peaks = peaksOf(recorder, logits, { vocab, rows, targetIds })
  if (peaks) {
    const best = { records: peaks.records, count: peaks.groups, rows, out, at }
    choices.record(recorder, { out, at, rows, peaks }, bestRecord('argmax', best))
    return
  }
  const chunks = Math.ceil(vocab / chunk)
  const single = chunks === 1
  const target = single ? out : recorder.scratch([rows, chunks, 2], 'u32', 'argmax of chunks')
  recorder.dispatch({
    label: 'argmax',
    wgsl: variant(argmaxWgsl, { last: single, mapped: targetIds !== undefined }),
    params: [vocab, chunk, at],
    buffers: [...reads(logits), ...writes(target), ...reads(targetIds)],
    workgroups: [chunks, rows],
  })
  if (!single) recorder.dispatch(bestRecord('argmax of chunks', { records: target, count: chunks, rows, out, at }))
}

/** What the best of each row's records stands for: records u32 [rows, count, 2] of (order, token), the first of equals. */
export function bestRecord(
  label: string,
  args: {
    readonly records: Binding['buffer']
    readonly count: number
    readonly rows: number
    readonly out: Binding['buffer']
    readonly at: number
  },
): Dispatch {
  const { records, count, rows, out, at } = args
  const buffers = [...reads(records), ...writes(out)]
  return { label, wgsl: bestRecordsWgsl, params: [count, at], buffers, workgroups: [rows] }
}
