import type { Dispatch, Recorder } from '../../recorder'
import { packedWeight, type WeightPart } from '../../weights/packed-weight'
import type { Product } from './product-args'
import { noteWriter, type Twin } from './twin'

/**
 * Records one dispatch for each part of the weight. Where the product `keeps` whole blocks of its output, whether that is copied too,
 * as int8 or as halves, is left to the op that reads it.
 */
export function recordParts<E>(
  recorder: Recorder,
  { weight, buffers, output, rows, pass }: Product<E>,
  keeps: boolean,
  dispatch: (part: WeightPart, twin: Twin | undefined) => Dispatch,
): void {
  const { parts } = packedWeight(recorder.memory, weight)
  const firstStep = recorder.count
  let twin: () => Twin | undefined = () => undefined
  for (const part of parts) recorder.later(buffers, () => dispatch(part, twin()))
  if (output && keeps) twin = noteWriter(recorder, output, { firstStep, rows, pass, gains: true })
}
