import type { Pass, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { LastStep } from '../last-step'
import type { Peaks } from '../linear/peaks'

/** out[at + r], r < rows: the best of the peaks of row r. */
interface Choice {
  readonly out: Tensor
  readonly at: number
  readonly rows: number
  readonly peaks: Peaks
}

/** Steps that choose. */
export const choices: LastStep<Choice> = new LastStep()

/** The peaks of a pass's tokens, where the last step chose just those: it is taken back, whoever asks stores them. */
export function takeChoice(recorder: Recorder, { tokens, first }: Pass, wanted: number): Peaks | undefined {
  return choices.take(recorder, ({ out, at, rows }) => out === tokens && at === first && rows === wanted)?.peaks
}
