import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { commitLengthWgsl } from './commit-length.wgsl'

/** Moves a cache's own length after a round. */
export function commitLength(recorder: Recorder, { outcome, length, fed }: Parameters<Ops['commitLength']>[0]): void {
  recorder.dispatch({
    label: 'commitLength',
    wgsl: commitLengthWgsl,
    params: [fed],
    buffers: [...reads(outcome), ...writes(length)],
    workgroups: [1],
  })
}
