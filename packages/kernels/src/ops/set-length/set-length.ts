import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { setLengthWgsl } from './set-length.wgsl'

/** A cache that followed committed tokens; `length` may be the sequence's own. */
export function setLength(recorder: Recorder, { sequence, length, offset }: Parameters<Ops['setLength']>[0]): void {
  const inPlace = sequence.length === length
  recorder.dispatch({
    label: 'setLength',
    wgsl: variant(setLengthWgsl, { inPlace }),
    params: [{ u32: offset }],
    buffers: [
      { buffer: length, access: 'read_write' },
      ...(inPlace ? [] : [{ buffer: sequence.length, access: 'read' } as const]),
    ],
    workgroups: [1],
  })
}
