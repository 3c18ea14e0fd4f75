import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { recordWords, topKChunkWgsl, topKMergeWgsl } from './top-k.wgsl'

/** Logits of a row that one workgroup looks through. */
const chunk = 2048

/**
 * The k best tokens of each row and their log-probabilities: one dispatch over chunks of the vocabulary, one that merges them.
 * The log-sum-exp adds chunk after chunk.
 */
export function topK(recorder: Recorder, args: Parameters<Ops['topK']>[0]): void {
  const { logits, vocab, rows, k, ids, logProbs, at = 0 } = args
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
