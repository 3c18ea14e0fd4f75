import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { LastStep } from '../last-step'
import { setLengthWgsl } from './set-length.wgsl'

type Move = Parameters<Ops['setLength']>[0]

/** Steps that set a length that is not the sequence's own. */
export const moves: LastStep<Move> = new LastStep()

/** A cache that followed committed tokens; `length` may be the sequence's own. */
export function setLength(recorder: Recorder, move: Move): void {
  const { sequence, length, offset } = move
  const inPlace = sequence.length === length
  const dispatch: Dispatch = {
    label: 'setLength',
    wgsl: variant(setLengthWgsl, { inPlace }),
    params: [offset],
    buffers: [...writes(length), ...reads(inPlace ? undefined : sequence.length)],
    workgroups: [1],
  }
  if (inPlace) recorder.dispatch(dispatch)
  else moves.record(recorder, move, dispatch)
}
