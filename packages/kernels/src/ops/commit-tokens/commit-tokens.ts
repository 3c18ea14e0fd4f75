import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { commitTokensWgsl } from './commit-tokens.wgsl'

/** Appends an outcome's tokens and moves the length. */
export function commitTokens(recorder: Recorder, { outcome, sequence }: Parameters<Ops['commitTokens']>[0]): void {
  recorder.dispatch({
    label: 'commitTokens',
    wgsl: commitTokensWgsl,
    buffers: [...reads(outcome), ...writes(sequence.history, sequence.length)],
    workgroups: [1],
  })
}
