import { MAX_TREE_ROWS, type Ops, OUTCOME } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkElements } from '../check'
import { commitLengthWgsl } from './commit-length.wgsl'

/** Moves a cache's own length after a round. Throws `SHAPE_MISMATCH`. */
export function commitLength(recorder: Recorder, { outcome, length, fed }: Parameters<Ops['commitLength']>[0]): void {
  checkCount('commitLength', 'fed', fed, 0, MAX_TREE_ROWS)
  checkElements('commitLength', outcome, 'u32', OUTCOME.words)
  checkElements('commitLength', length, 'u32', 1)
  recorder.dispatch({
    label: 'commitLength',
    wgsl: commitLengthWgsl,
    params: [{ u32: fed }],
    buffers: [
      { buffer: outcome, access: 'read' },
      { buffer: length, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
