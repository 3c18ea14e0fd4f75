import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkRows, widthOf } from '../check'
import { addWgsl } from './add.wgsl'

/** Adds two matrices; any two of the three may be the same tensor. Throws `SHAPE_MISMATCH`. */
export function add(recorder: Recorder, { a, b, out, rows }: Parameters<Ops['add']>[0]): void {
  const width = widthOf('add', a)
  checkCount('add', 'rows', rows, 1, 65535)
  for (const tensor of [a, b, out]) checkRows('add', tensor, rows, width)
  const tensors = [...new Set([a, b, out])]
  const at = { a: tensors.indexOf(a) + 1, b: tensors.indexOf(b) + 1, out: tensors.indexOf(out) + 1 }
  recorder.dispatch({
    label: 'add',
    wgsl: addWgsl(at),
    params: [{ u32: width }],
    buffers: tensors.map((buffer) => ({ buffer, access: buffer === out ? 'read_write' : 'read' })),
    workgroups: [Math.ceil(width / 256), rows],
  })
}
