import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { blocksAlong, PANEL } from '../../weights/layout'
import { packedWeight, type WeightPart } from '../../weights/packed-weight'
import type { Product } from '../linear/product-args'
import { type PartKernel, recordParts } from '../linear/product-parts'
import { type Twin, twinForm } from '../linear/twin'
import { halfTiles, rowTileElements } from './half-rows.wgsl'
import { halved } from './halved'
import { chooseMatrixTile, matrixSize, rowTilesFor } from './matrix-tile'

/**
 * Records a product of halves: the rounding of the activations, where they are not there as halves yet, then one dispatch for each
 * part of the weight.
 */
export function matrixProduct<E>(recorder: Recorder, args: Product<E>): void {
  recordParts(recorder, args, halved(recorder, args), true, (own, part, twin) => kernelOf(recorder, own, part, twin))
}

function kernelOf<E>(
  recorder: Recorder,
  args: Product<E>,
  { firstPanel, panels }: WeightPart,
  twin: Twin | undefined,
): PartKernel {
  const { rows, norm, pass, epilogue, output } = args
  const { layout, shape } = packedWeight(recorder.memory, args.weight)
  const inputs = shape[1]
  const tile = args.matrixTile ?? chooseMatrixTile(shape, rows, recorder.device)
  const rowTiles = rowTilesFor(rows, tile)
  return {
    wgsl: variant(args.shaders.f16, {
      decoder: layout.decoder,
      tile,
      rowTiles,
      norm: norm !== undefined,
      bounded: pass !== undefined,
      twin: twinForm(twin),
      epilogue,
    }),
    params: [
      rows,
      Math.ceil(inputs / tile.inputs),
      blocksAlong(layout, inputs),
      firstPanel,
      pass?.first ?? 0,
      rowTileElements(inputs),
      halfTiles(inputs),
      { f32: 1 / inputs },
      { f32: norm?.eps ?? 0 },
      twin ? halfTiles(output?.shape[1] as number) : 0,
      ...args.params,
    ],
    workgroups: [Math.ceil(rows / (rowTiles * matrixSize)), panels * (PANEL / (tile.columns * matrixSize))],
  }
}
