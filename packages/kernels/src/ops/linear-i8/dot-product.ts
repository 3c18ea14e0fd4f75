import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import type { QuantisedLayout } from '../../weights/codes.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import type { Product } from '../linear/product'
import { chooseDotTile } from './dot-tile'
import { blockInputs } from './int8-rows.wgsl'
import { quantised } from './quantise'

/** Records a product of int8 activations with a quantised weight: their rounding, then one dispatch for each part of the weight. */
export function dotProduct<E>(recorder: Recorder, args: Product<E>): void {
  const { label, x, rows, norm, pass, epilogue } = args
  const { layout, shape, parts } = packedWeight(recorder.memory, args.weight)
  const inputs = shape[1]
  const int8 = quantised(recorder, x, rows, norm)
  for (const { buffer, firstPanel, panels } of parts) {
    const tile = args.dotTile ?? chooseDotTile(rows, panels, recorder.device)
    const groups = 32 / (tile.lanes * tile.pairs)
    recorder.dispatch({
      label,
      wgsl: variant(args.shaders.i8, {
        decoder: layout.decoder as QuantisedLayout,
        tile,
        bounded: pass !== undefined,
        epilogue,
      }),
      params: [
        { u32: rows },
        { u32: inputs / blockInputs },
        { u32: blocksAlong(layout, inputs) },
        { u32: firstPanel },
        { u32: pass?.first ?? 0 },
        ...args.params,
      ],
      buffers: [
        { buffer: int8, access: 'read' },
        { buffer, access: 'read' },
        ...(pass ? [{ buffer: pass.index, access: 'read' } as const] : []),
        ...args.buffers,
      ],
      workgroups: [Math.ceil(rows / tile.rows), panels * groups],
    })
  }
}
