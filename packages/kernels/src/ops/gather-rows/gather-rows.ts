import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { gatherRowsWgsl } from './gather-rows.wgsl'

/** Picks rows by their indices; an index beyond the last row means the last. */
export function gatherRows(recorder: Recorder, { x, indices, at, rows, out }: Parameters<Ops['gatherRows']>[0]): void {
  const width = x.shape[1] as number
  recorder.dispatch({
    label: 'gatherRows',
    wgsl: gatherRowsWgsl,
    params: [width, (x.shape[0] as number) - 1, at],
    buffers: [...reads(x, indices), ...writes(out)],
    workgroups: [Math.ceil(width / 256), rows],
  })
}
