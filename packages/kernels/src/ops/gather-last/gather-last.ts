import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { gatherLastWgsl } from './gather-last.wgsl'

/** Picks the last row of a pass that is not padding. */
export function gatherLast(recorder: Recorder, { x, pass, out }: Parameters<Ops['gatherLast']>[0]): void {
  const width = x.shape[1] as number
  recorder.dispatch({
    label: 'gatherLast',
    wgsl: gatherLastWgsl,
    params: [{ u32: width }, { u32: (x.shape[0] as number) - 1 }],
    buffers: [
      { buffer: x, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(width / 256)],
  })
}
