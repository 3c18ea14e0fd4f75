import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { commitTokensWgsl } from './commit-tokens.wgsl'

/** Appends an outcome's tokens and moves the length. */
export function commitTokens(recorder: Recorder, { outcome, sequence }: Parameters<Ops['commitTokens']>[0]): void {
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
