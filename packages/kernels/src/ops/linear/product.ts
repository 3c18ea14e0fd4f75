import type { Norm, Pass, Tensor, Weight } from '@outrider/core/spec'
import type { Binding, Param, Recorder } from '../../recorder'
import { type Shader, variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import type { ProductForm } from './product.wgsl'
import { chooseTile, type Tile } from './tile'

/** The product weight · norm(x) of an op of the linear family. */
export interface Product<E> {
  readonly label: string
  readonly x: Tensor
  readonly weight: Weight
  readonly rows: number
  readonly norm?: Norm | undefined
  readonly pass?: Pass | undefined
  readonly shader: Shader<ProductForm<E>>
  /** The form of the shader's epilogue. */
  readonly epilogue: E
  /** Values of the epilogue's `params`, then what its `bindings` bind, in their order. */
  readonly params: readonly Param[]
  readonly buffers: readonly Binding[]
  /** Instead of the tile that suits rows and width; the bits stay the same. */
  readonly tile?: Tile | undefined
}

/** Records a product: one dispatch for each part of the weight. */
export function product<E>(recorder: Recorder, args: Product<E>): void {
  const { label, x, rows, norm, pass, epilogue } = args
  const { layout, shape, parts } = packedWeight(recorder.memory, args.weight)
  const inputs = shape[1]
  const { unitInputs } = decoders[layout.decoder]
  const reads: Tensor[] = [...(norm ? [norm.gain] : []), ...(pass ? [pass.index] : [])]
  for (const { buffer, firstPanel, panels } of parts) {
    const tile = args.tile ?? chooseTile(rows, panels, recorder.device)
    const groups = 32 / (tile.lanes * tile.pairs)
    recorder.dispatch({
      label,
      wgsl: variant(args.shader, {
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
