import { INDEX, MAX_PATH, MAX_TREE_ROWS, type Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkElements } from '../check'
import { spanIndexWgsl } from './span-index.wgsl'

/** Committed tokens as a chain. Throws `SHAPE_MISMATCH`, also for more rows than a path has levels. */
export function spanIndex(recorder: Recorder, args: Parameters<Ops['spanIndex']>[0]): void {
  const { sequence, from, to, toOffset, rows, tokenOffset = 0, tokens, index } = args
  checkCount('spanIndex', 'rows', rows, 1, MAX_PATH)
  checkCount('spanIndex', 'toOffset', toOffset, -(2 ** 31), 2 ** 31 - 1)
  checkElements('spanIndex', sequence.history, 'u32', 1)
  checkElements('spanIndex', from, 'u32', 1)
  checkElements('spanIndex', to, 'u32', 1)
  checkElements('spanIndex', tokens, 'u32', MAX_TREE_ROWS)
  checkElements('spanIndex', index, 'u32', INDEX.words)
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
