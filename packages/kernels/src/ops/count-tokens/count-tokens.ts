import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { countTokensWgsl } from './count-tokens.wgsl'

/** Counts an outcome's tokens. */
export function countTokens(recorder: Recorder, { outcome, sampling }: Parameters<Ops['countTokens']>[0]): void {
  recorder.dispatch({
    label: 'countTokens',
    wgsl: countTokensWgsl,
    buffers: [...reads(outcome), ...writes(sampling.counts)],
    workgroups: [1],
  })
}
