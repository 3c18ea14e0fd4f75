import type { Tensor } from '@outrider/core/spec'
import type { Binding, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import type { Product } from './product-args'
import { chooseTile } from './tile'

/** Records a product of float32 activations: one dispatch for each part of the weight. */
export function floatProduct<E>(recorder: Recorder, args: Product<E>): void {
  const { label, x, rows, norm, pass, epilogue } = args
  const weight = packedWeight(recorder.memory, args.weight)
  const { layout, shape, parts } = weight
  const inputs = shape[1]
  const { unitInputs } = decoders[layout.decoder]
  const reads: Tensor[] = [...(norm ? [norm.gain] : []), ...(pass ? [pass.index] : [])]
  for (const { buffer, firstPanel, panels } of parts) {
    const tile = args.tile ?? recorder.tiles?.tile(weight, rows) ?? chooseTile(rows, panels, recorder.device)
    const groups = 32 / (tile.lanes * tile.pairs)
    recorder.dispatch({
      label,
      wgsl: variant(args.shaders.f32, {
        decoder: layout.decoder,
        tile,
        norm: norm !== undefined,
        ragged: inputs % unitInputs !== 0,
        bounded: pass !== undefined,
        epilogue,
      }),
      params: [
        { u32: rows },
        { u32: Math.ceil(inputs / unitInputs) },
        { u32: inputs / 4 },
        { u32: blocksAlong(layout, inputs) },
        { u32: firstPanel },
        { u32: pass?.first ?? 0 },
        { f32: 1 / inputs },
        { f32: norm?.eps ?? 0 },
        ...args.params,
      ],
      buffers: [
        { buffer: x, access: 'read' },
        { buffer, access: 'read' },
        ...reads.map((tensor): Binding => ({ buffer: tensor, access: 'read' })),
        ...args.buffers,
      ],
      workgroups: [Math.ceil(rows / tile.rows), panels * groups],
    })
  }
}
