import { type Ops, OUTCOME } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkElements } from '../check'
import { commitTokensWgsl } from './commit-tokens.wgsl'

/** Appends an outcome's tokens and moves the length. Throws `SHAPE_MISMATCH`. */
export function commitTokens(recorder: Recorder, { outcome, sequence }: Parameters<Ops['commitTokens']>[0]): void {
  checkElements('commitTokens', outcome, 'u32', OUTCOME.words)
  checkElements('commitTokens', sequence.history, 'u32', 1)
  checkElements('commitTokens', sequence.length, 'u32', 1)
  recorder.dispatch({
    label: 'commitTokens',
    wgsl: commitTokensWgsl,
    buffers: [
      { buffer: outcome, access: 'read' },
      { buffer: sequence.history, access: 'read_write' },
      { buffer: sequence.length, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
