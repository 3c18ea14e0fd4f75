import type { Shader } from '../../shader'
import { type MatrixForm, matrixProductShader } from '../linear-f16/matrix-product.wgsl'
import { type DotForm, dotProductShader } from '../linear-i8/dot-product.wgsl'
import { type Epilogue, type ProductForm, productShader } from './product.wgsl'

/** The shaders of an op of the linear family, one for each way of computing. */
export interface ProductShaders<E> {
  readonly f32: Shader<ProductForm<E>>
  readonly i8: Shader<DotForm<E>>
  readonly f16: Shader<MatrixForm<E>>
}

/** The shaders whose products end in the epilogue. */
export function productShaders<E>(epilogueOf: (form: E) => Epilogue): ProductShaders<E> {
  return { f32: productShader(epilogueOf), i8: dotProductShader(epilogueOf), f16: matrixProductShader(epilogueOf) }
}
