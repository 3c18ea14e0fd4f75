import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkElements } from '../check'
import { setLengthWgsl } from './set-length.wgsl'

/** A cache that followed committed tokens. Throws `SHAPE_MISMATCH`. */
export function setLength(recorder: Recorder, { sequence, length, offset }: Parameters<Ops['setLength']>[0]): void {
  checkCount('setLength', 'offset', offset, -(2 ** 31), 2 ** 31 - 1)
  checkElements('setLength', sequence.length, 'u32', 1)
  checkElements('setLength', length, 'u32', 1)
  recorder.dispatch({
    label: 'setLength',
    wgsl: setLengthWgsl,
    params: [{ u32: offset }],
    buffers: [
      { buffer: sequence.length, access: 'read' },
      { buffer: length, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
