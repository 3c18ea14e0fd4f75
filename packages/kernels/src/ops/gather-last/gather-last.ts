import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { gatherLastWgsl } from './gather-last.wgsl'

/** Picks the last row of a pass that is not padding. */
export function gatherLast(recorder: Recorder, { x, pass, out }: Parameters<Ops['gatherLast']>[0]): void {
  const width = x.shape[1] as number
  recorder.dispatch({
    label: 'gatherLast',
    wgsl: gatherLastWgsl,
    params: [width, (x.shape[0] as number) - 1],
    buffers: [...reads(x, pass.index), ...writes(out)],
    workgroups: [Math.ceil(width / 256)],
  })
}
