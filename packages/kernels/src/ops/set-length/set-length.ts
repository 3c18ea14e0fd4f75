import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { setLengthWgsl } from './set-length.wgsl'

/** A cache that followed committed tokens; `length` may be the sequence's own. */
export function setLength(recorder: Recorder, { sequence, length, offset }: Parameters<Ops['setLength']>[0]): void {
  const inPlace = sequence.length === length
  recorder.dispatch({
    label: 'setLength',
    wgsl: variant(setLengthWgsl, { inPlace }),
    params: [offset],
    buffers: [...writes(length), ...reads(inPlace ? undefined : sequence.length)],
    workgroups: [1],
  })
}
