import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { argmaxWgsl } from './argmax.wgsl'

/** Logits of a row that one workgroup looks through. */
const chunk = 4096

/** The best token of each row; a second dispatch where a row has several chunks. */
export function argmax(recorder: Recorder, { logits, vocab, rows, out, at = 0 }: Parameters<Ops['argmax']>[0]): void {
  const chunks = Math.ceil(vocab / chunk)
  const single = chunks === 1
  const target = single ? out : recorder.scratch([rows, chunks, 2], 'u32', 'argmax of chunks')
  recorder.dispatch({
    label: 'argmax',
    wgsl: variant(argmaxWgsl, { first: true, last: single }),
    params: [{ u32: vocab }, { u32: chunk }, { u32: at }],
    buffers: [
      { buffer: logits, access: 'read' },
      { buffer: target, access: 'read_write' },
    ],
    workgroups: [chunks, rows],
  })
  if (single) return
  recorder.dispatch({
    label: 'argmax of chunks',
    wgsl: variant(argmaxWgsl, { first: false, last: true }),
    params: [{ u32: chunks }, { u32: chunks }, { u32: at }],
    buffers: [
      { buffer: target, access: 'read' },
      { buffer: out, access: 'read_write' },
    ],
    workgroups: [1, rows],
  })
}
