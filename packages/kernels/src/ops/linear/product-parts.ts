import type { Tensor } from '@outrider/core/spec'
import { reads } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { packedWeight, type WeightPart } from '../../weights/packed-weight'
import type { Product } from './product-args'
import { noteWriter, type Twin, twinBindings } from './twin'

/** What products of copied activations differ in. */
export type PartKernel = Pick<Dispatch, 'wgsl' | 'params' | 'workgroups'>

/**
 * Records one dispatch for each part of the weight, which binds the copy of the activations, the part, the index where there is a pass,
 * and what the epilogue and the output's own copy want. Where the product `keeps` whole blocks of its output, whether that is copied
 * too, as int8 or as halves, is left to the op that reads it.
 */
export function recordParts<E>(
  recorder: Recorder,
  given: Product<E>,
  copy: Tensor,
  keeps: boolean,
  kernelOf: (args: Product<E>, part: WeightPart, twin: Twin | undefined) => PartKernel,
): void {
  const { weight, output, rows, pass } = given
  const firstStep = recorder.count
  let noted: () => Twin | undefined = () => undefined
  for (const part of packedWeight(recorder.memory, weight).parts)
    recorder.later(given.buffers, () => {
      const args = { ...given, ...given.late?.() }
      const twin = noted()
      return {
        label: args.label,
        ...kernelOf(args, part, twin),
        buffers: [...reads(copy, part.buffer, pass?.index), ...args.buffers, ...twinBindings(twin)],
      }
    })
  if (output && keeps) noted = noteWriter(recorder, output, { firstStep, rows, pass, gains: true })
}
