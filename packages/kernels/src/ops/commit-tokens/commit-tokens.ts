import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { commitWalk } from '../walk-tree/walk-tree'
import { commitTokensWgsl } from './commit-tokens.wgsl'

/** Appends an outcome's tokens and moves the length: where the step before walked the tree, as part of it. */
export function commitTokens(recorder: Recorder, { outcome, sequence }: Parameters<Ops['commitTokens']>[0]): void {
  if (commitWalk(recorder, outcome, sequence)) return
  recorder.dispatch({
    label: 'commitTokens',
    wgsl: commitTokensWgsl,
    buffers: [...reads(outcome), ...writes(sequence.history, sequence.length)],
    workgroups: [1],
  })
}
