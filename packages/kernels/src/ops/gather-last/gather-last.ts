import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkPass, checkRows, widthOf } from '../check'
import { gatherLastWgsl } from './gather-last.wgsl'

/** Picks the last row of a pass that is not padding. Throws `SHAPE_MISMATCH`. */
export function gatherLast(recorder: Recorder, { x, pass, out }: Parameters<Ops['gatherLast']>[0]): void {
  const width = widthOf('gatherLast', x)
  checkPass('gatherLast', pass)
  checkRows('gatherLast', x, pass.rows, width)
  checkRows('gatherLast', out, 1, width)
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
