import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkElements, checkRows, widthOf } from '../check'
import { gatherRowsWgsl } from './gather-rows.wgsl'

/** Picks rows by their indices; an index beyond the last row means the last. Throws `SHAPE_MISMATCH`. */
export function gatherRows(recorder: Recorder, { x, indices, at, rows, out }: Parameters<Ops['gatherRows']>[0]): void {
  const width = widthOf('gatherRows', x)
  checkCount('gatherRows', 'rows', rows, 1, 65535)
  checkCount('gatherRows', 'at', at, 0, 2 ** 31)
  checkRows('gatherRows', x, 1, width)
  checkRows('gatherRows', out, rows, width)
  checkElements('gatherRows', indices, 'u32', at + rows)
  recorder.dispatch({
    label: 'gatherRows',
    wgsl: gatherRowsWgsl,
    params: [{ u32: width }, { u32: (x.shape[0] as number) - 1 }, { u32: at }],
    buffers: [
      { buffer: x, access: 'read' },
      { buffer: indices, access: 'read' },
      { buffer: out, access: 'read_write' },
    ],
    workgroups: [Math.ceil(width / 256), rows],
  })
}
