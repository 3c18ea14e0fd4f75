import type { Norm, Pass, RowPart, Tensor, Weight } from '@outrider/core/spec'
import type { Binding, Param } from '../../recorder'
import type { MatrixTile } from '../linear-f16/matrix-tile'
import type { DotTile } from '../linear-i8/dot-tile'
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
  /** What of these is known only when all ops are recorded; the dispatch is left open until then. */
  readonly late?: (() => Partial<Pick<Product<E>, 'epilogue' | 'params' | 'buffers'>>) | undefined
  /** The tensor whose rows are what the epilogue's `finish` gives back, where it does. */
  readonly output?: Tensor | undefined
  /** Instead of the tiles that suit rows and width; the bits stay the same, but for `matrixTile`'s. */
  readonly tile?: Tile | undefined
  readonly dotTile?: DotTile | undefined
  readonly matrixTile?: MatrixTile | undefined
}

/** A product whose rows may still be parts to be put together. */
export type OpenProduct<E> = Omit<Product<E>, 'x'> & { readonly x: Tensor | readonly RowPart[] }
