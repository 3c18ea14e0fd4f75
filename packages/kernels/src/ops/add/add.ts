import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { addWgsl } from './add.wgsl'

/** Adds two matrices; any two of the three may be the same tensor. */
export function add(recorder: Recorder, { a, b, out, rows }: Parameters<Ops['add']>[0]): void {
  const width = a.shape[1] as number
  const tensors = [...new Set([a, b, out])]
  const at = { a: tensors.indexOf(a) + 1, b: tensors.indexOf(b) + 1, out: tensors.indexOf(out) + 1 }
  recorder.dispatch({
    label: 'add',
    wgsl: variant(addWgsl, at),
    params: [width],
    buffers: tensors.map((buffer) => ({ buffer, access: buffer === out ? 'read_write' : 'read' })),
    workgroups: [Math.ceil(width / 256), rows],
  })
}
