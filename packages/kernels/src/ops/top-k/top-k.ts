import type { Ops, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { recordWords, topKChunkWgsl, topKMergeWgsl } from './top-k.wgsl'

/** Logits of a row that one workgroup looks through. */
const chunk = 2048

type TopK = Parameters<Ops['topK']>[0]

/** What the chunks of each row hold: their best k tokens and, unless it is not wanted, the sum of exp(logit - peak), u32 [rows, chunks, recordWords(k)]. */
export function sumChunks(
  recorder: Recorder,
  { logits, vocab, rows, k }: Pick<TopK, 'logits' | 'vocab' | 'rows' | 'k'>,
  sum = true,
): { readonly records: Tensor; readonly chunks: number } {
  const chunks = Math.ceil(vocab / chunk)
  const records = recorder.scratch([rows, chunks, recordWords(k)], 'u32', 'topK of chunks')
  recorder.dispatch({
    label: 'topK of chunks',
    wgsl: variant(topKChunkWgsl, { k, chunk, sum, whole: false }),
    params: [vocab, 0],
    buffers: [...reads(logits), ...writes(records)],
    workgroups: [chunks, rows],
  })
  return { records, chunks }
}

/**
 * The k best tokens of each row and their log-probabilities: one dispatch over chunks of the vocabulary, and one that merges them
 * where there are several. The log-sum-exp adds chunk after chunk.
 */
export function topK(recorder: Recorder, args: TopK): void {
  const { logits, vocab, rows, k, ids, logProbs, at = 0 } = args
  const out = writes(ids, logProbs)
  const withLogProbs = logProbs !== undefined
  if (vocab <= chunk) {
    recorder.dispatch({
      label: 'topK',
      wgsl: variant(topKChunkWgsl, { k, chunk, sum: withLogProbs, whole: true }),
      params: [vocab, at],
      buffers: [...reads(logits), ...out],
      workgroups: [1, rows],
    })
    return
  }
  const { records, chunks } = sumChunks(recorder, args, withLogProbs)
  recorder.dispatch({
    label: 'topK',
    wgsl: variant(topKMergeWgsl, { k, chunks, withLogProbs }),
    params: [at],
    buffers: [...reads(records), ...out],
    workgroups: [rows],
  })
}
