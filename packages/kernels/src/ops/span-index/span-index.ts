import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { spanIndexWgsl } from './span-index.wgsl'

/** Committed tokens as a chain. */
export function spanIndex(recorder: Recorder, args: Parameters<Ops['spanIndex']>[0]): void {
  const { sequence, from, to, toOffset, rows, tokenOffset = 0, tokens, index } = args
  recorder.dispatch({
    label: 'spanIndex',
    wgsl: spanIndexWgsl,
    params: [rows, toOffset, tokenOffset],
    buffers: [...reads(sequence.history, from, to), ...writes(tokens, index)],
    workgroups: [1],
  })
}
