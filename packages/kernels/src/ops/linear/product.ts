import type { Arithmetic } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import type { Layout } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { rowsOf } from '../concat/concat'
import { matrixProduct } from '../linear-f16/matrix-product'
import { dotProduct } from '../linear-i8/dot-product'
import { floatProduct, joinedProduct } from './float-product'
import type { OpenProduct, Product } from './product-args'

type Compute = <E>(recorder: Recorder, args: Product<E>) => void

/** Who computes products: by arithmetic, then by whether the weight is quantised. */
const computes: Readonly<Record<Arithmetic, { readonly float: Compute; readonly quantised: Compute }>> = {
  f32: { float: floatProduct, quantised: floatProduct },
  i8: { float: floatProduct, quantised: dotProduct },
  f16: { float: matrixProduct, quantised: matrixProduct },
}

const floats: ReadonlySet<Layout['decoder']> = new Set(['f32', 'f16'])

/** Whether a layout holds floats, which `i8` multiplies as such. */
export function isFloat({ decoder }: Layout): boolean {
  return floats.has(decoder)
}

/** Records a product; where its rows are parts and it cannot put them together itself, `concat` does that first. */
export function product<E>(recorder: Recorder, args: OpenProduct<E>): void {
  const { x, rows } = args
  const { layout } = packedWeight(recorder.memory, args.weight)
  const compute = computes[recorder.arithmetic][isFloat(layout) ? 'float' : 'quantised']
  const joined = !('shape' in x) && compute === floatProduct && joinedProduct(recorder, { ...args, x })
  if (!joined) compute(recorder, { ...args, x: rowsOf(recorder, x, rows) })
}
