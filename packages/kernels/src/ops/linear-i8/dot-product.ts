import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import type { QuantisedLayout } from '../../weights/codes.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight, type WeightPart } from '../../weights/packed-weight'
import type { Product } from '../linear/product-args'
import { type PartKernel, recordParts } from '../linear/product-parts'
import { type Twin, twinForm } from '../linear/twin'
import { chooseDotTile } from './dot-tile'
import { blockInputs } from './int8-rows.wgsl'
import { quantised } from './quantise'

/**
 * Records a product of int8 activations with a quantised weight: their rounding, where they are not there as int8 yet, then one
 * dispatch for each part of the weight.
 */
export function dotProduct<E>(recorder: Recorder, args: Product<E>): void {
  const { output, dotTile } = args
  // A tile that was asked for may not hold whole blocks.
  const keeps = !dotTile && output !== undefined && (output.shape[1] as number) % blockInputs === 0
  recordParts(recorder, args, quantised(recorder, args), keeps, (own, part, twin) =>
    kernelOf(recorder, own, part, twin),
  )
}

function kernelOf<E>(
  recorder: Recorder,
  args: Product<E>,
  { firstPanel, panels }: WeightPart,
  twin: Twin | undefined,
): PartKernel {
  const { rows, norm, pass, epilogue } = args
  const weight = packedWeight(recorder.memory, args.weight)
  const { layout, shape } = weight
  const inputs = shape[1]
  const outputs = args.output?.shape[1] as number
  const leastPairs = twin ? (outputs === shape[0] ? 16 : 32) : 1
  const measured = recorder.tiles?.dotTile(weight, rows, leastPairs)
  const tile = args.dotTile ?? measured ?? chooseDotTile(rows, panels, recorder.device, leastPairs)
  const groups = 32 / (tile.lanes * tile.pairs)
  return {
    wgsl: variant(args.shaders.i8, {
      decoder: layout.decoder as QuantisedLayout,
      tile,
      norm: norm !== undefined,
      bounded: pass !== undefined,
      twin: twinForm(twin),
      epilogue,
    }),
    params: [
      rows,
      inputs / blockInputs,
      blocksAlong(layout, inputs),
      firstPanel,
      pass?.first ?? 0,
      { f32: 1 / inputs },
      { f32: norm?.eps ?? 0 },
      twin ? outputs / blockInputs : 0,
      ...args.params,
    ],
    workgroups: [Math.ceil(rows / tile.rows), panels * groups],
  }
}
