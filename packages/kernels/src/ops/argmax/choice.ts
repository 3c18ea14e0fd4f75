import type { Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import type { Peaks } from '../linear/peaks'

/** A step that does no more than choose from peaks. */
interface Choice {
  readonly step: number
  readonly out: Tensor
  readonly at: number
  readonly rows: number
  readonly peaks: Peaks
}

const last = new WeakMap<Recorder, Choice>()

/** Notes that a step writes out[at + r], r < rows, as the best of the peaks of row r, and nothing else. */
export function noteChoice(recorder: Recorder, choice: Choice): void {
  last.set(recorder, choice)
}

/** The peaks of the tokens `first` to `first` + `rows` - 1, where the last step chose just those: it is taken back, whoever asks stores them. */
export function takeChoice(recorder: Recorder, tokens: Tensor, first: number, rows: number): Peaks | undefined {
  const choice = last.get(recorder)
  if (!choice || choice.step !== recorder.count - 1) return undefined
  if (choice.out !== tokens || choice.at !== first || choice.rows !== rows) return undefined
  recorder.takeBack()
  last.delete(recorder)
  return choice.peaks
}
