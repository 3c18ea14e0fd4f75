import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { spanIndexWgsl } from './span-index.wgsl'

/** Committed tokens as a chain. */
export function spanIndex(recorder: Recorder, args: Parameters<Ops['spanIndex']>[0]): void {
  const { sequence, from, to, toOffset, rows, tokenOffset = 0, tokens, index } = args
  recorder.dispatch({
    label: 'spanIndex',
    wgsl: spanIndexWgsl,
    params: [{ u32: rows }, { u32: toOffset }, { u32: tokenOffset }],
    buffers: [
      { buffer: sequence.history, access: 'read' },
      { buffer: from, access: 'read' },
      { buffer: to, access: 'read' },
      { buffer: tokens, access: 'read_write' },
      { buffer: index, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
