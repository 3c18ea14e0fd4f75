import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { filterLogitsWgsl } from './filter-logits.wgsl'

/** Top-k, top-p, min-p and typical-p, as far as they are on, in one dispatch. */
export function filterLogits(recorder: Recorder, args: Parameters<Ops['filterLogits']>[0]): void {
  const { logits, vocab, pass, sampling } = args
  recorder.dispatch({
    label: 'filterLogits',
    wgsl: variant(filterLogitsWgsl, null),
    params: [{ u32: vocab }, { u32: pass.first }],
    buffers: [
      { buffer: sampling.params, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: logits, access: 'read_write' },
    ],
    workgroups: [pass.rows],
  })
}
