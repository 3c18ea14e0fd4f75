import type { Ops, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { recordWords, topKChunkWgsl, topKMergeWgsl } from './top-k.wgsl'

/** Logits of a row that one workgroup looks through. */
const chunk = 2048

/** What the chunks of each row hold: their best k tokens and the sum of exp(logit - peak), u32 [rows, chunks, recordWords(k)]. */
export function sumChunks(
  recorder: Recorder,
  { logits, vocab, rows, k }: Pick<Parameters<Ops['topK']>[0], 'logits' | 'vocab' | 'rows' | 'k'>,
): { readonly records: Tensor; readonly chunks: number } {
  const chunks = Math.ceil(vocab / chunk)
  const records = recorder.scratch([rows, chunks, recordWords(k)], 'u32', 'topK of chunks')
  recorder.dispatch({
    label: 'topK of chunks',
    wgsl: variant(topKChunkWgsl, { k }),
    params: [{ u32: vocab }, { u32: chunk }],
    buffers: [
      { buffer: logits, access: 'read' },
      { buffer: records, access: 'read_write' },
    ],
    workgroups: [chunks, rows],
  })
  return { records, chunks }
}

/**
 * The k best tokens of each row and their log-probabilities: one dispatch over chunks of the vocabulary, one that merges them.
 * The log-sum-exp adds chunk after chunk.
 */
export function topK(recorder: Recorder, args: Parameters<Ops['topK']>[0]): void {
  const { rows, k, ids, logProbs, at = 0 } = args
  const { records, chunks } = sumChunks(recorder, args)
  recorder.dispatch({
    label: 'topK',
    wgsl: variant(topKMergeWgsl, { k, withLogProbs: logProbs !== undefined }),
    params: [{ u32: chunks }, { u32: at }],
    buffers: [
      { buffer: records, access: 'read' },
      { buffer: ids, access: 'read_write' },
      ...(logProbs ? [{ buffer: logProbs, access: 'read_write' } as const] : []),
    ],
    workgroups: [rows],
  })
}
