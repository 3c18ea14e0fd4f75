import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { sumChunks } from '../top-k/top-k'
import { logProbsOfWgsl } from './log-probs-of.wgsl'

/** The log-sum-exp of each row as `topK` makes it, and the logit of one token against it. */
export function logProbsOf(recorder: Recorder, args: Parameters<Ops['logProbsOf']>[0]): void {
  const { logits, vocab, rows, ids, out, at = 0 } = args
  const { records, chunks } = sumChunks(recorder, { logits, vocab, rows, k: 1 })
  recorder.dispatch({
    label: 'logProbsOf',
    wgsl: logProbsOfWgsl,
    params: [vocab, rows, chunks, at],
    buffers: [...reads(records, logits, ids), ...writes(out)],
    workgroups: [Math.ceil(rows / 64)],
  })
}
