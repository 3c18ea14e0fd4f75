import type { Arithmetic, Norm, Pass, Tensor, Weight } from '@outrider/core/spec'
import type { Binding, Param, Recorder } from '../../recorder'
import type { Layout } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { dotProduct } from '../linear-i8/dot-product'
import type { DotTile } from '../linear-i8/dot-tile'
import { floatProduct } from './float-product'
import type { ProductShaders } from './product-shaders'
import type { Tile } from './tile'

/** The product weight · norm(x) of an op of the linear family. */
export interface Product<E> {
  readonly label: string
  readonly x: Tensor
  readonly weight: Weight
  readonly rows: number
  readonly norm?: Norm | undefined
  readonly pass?: Pass | undefined
  readonly shaders: ProductShaders<E>
  /** The form of the shader's epilogue. */
  readonly epilogue: E
  /** Values of the epilogue's `params`, then what its `bindings` bind, in their order. */
  readonly params: readonly Param[]
  readonly buffers: readonly Binding[]
  /** The tensor whose rows are what the epilogue's `finish` gives back, where it does. */
  readonly output?: Tensor | undefined
  /** Instead of the tiles that suit rows and width; the bits stay the same. */
  readonly tile?: Tile | undefined
  readonly dotTile?: DotTile | undefined
}

type Compute = <E>(recorder: Recorder, args: Product<E>) => void

/** Who computes products: by arithmetic, then by whether the weight is quantised. */
const computes: Readonly<Record<Arithmetic, { readonly float: Compute; readonly quantised: Compute }>> = {
  f32: { float: floatProduct, quantised: floatProduct },
  i8: { float: floatProduct, quantised: dotProduct },
}

const floats: ReadonlySet<Layout['decoder']> = new Set(['f32', 'f16'])

/** Records a product. */
export function product<E>(recorder: Recorder, args: Product<E>): void {
  const { layout } = packedWeight(recorder.memory, args.weight)
  computes[recorder.arithmetic][floats.has(layout.decoder) ? 'float' : 'quantised'](recorder, args)
}
