import type { Arithmetic } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import type { Layout } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { matrixProduct } from '../linear-f16/matrix-product'
import { dotProduct } from '../linear-i8/dot-product'
import { floatProduct } from './float-product'
import type { Product } from './product-args'

type Compute = <E>(recorder: Recorder, args: Product<E>) => void

/** Who computes products: by arithmetic, then by whether the weight is quantised. */
const computes: Readonly<Record<Arithmetic, { readonly float: Compute; readonly quantised: Compute }>> = {
  f32: { float: floatProduct, quantised: floatProduct },
  i8: { float: floatProduct, quantised: dotProduct },
  f16: { float: matrixProduct, quantised: matrixProduct },
}

const floats: ReadonlySet<Layout['decoder']> = new Set(['f32', 'f16'])

/** Records a product. */
export function product<E>(recorder: Recorder, args: Product<E>): void {
  const { layout } = packedWeight(recorder.memory, args.weight)
  computes[recorder.arithmetic][floats.has(layout.decoder) ? 'float' : 'quantised'](recorder, args)
}
