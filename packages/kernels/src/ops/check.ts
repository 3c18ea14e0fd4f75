import { OutriderError } from '@outrider/core'
import { type DType, INDEX, type KvLayer, MAX_TREE_ROWS, type Norm, type Pass, type Tensor } from '@outrider/core/spec'

/** The error of an op that was given a tensor of the wrong form. */
export function mismatch(
  op: string,
  expected: string,
  tensor: Pick<Tensor, 'label' | 'shape' | 'dtype'>,
): OutriderError {
  const { label, shape, dtype } = tensor
  return new OutriderError('SHAPE_MISMATCH', `${op}: ${label} should be ${expected}, and is ${dtype} [${shape}]`, {
    details: { op, label, shape, dtype, expected },
  })
}

/** Activations: f32 [rows or more, width]. Throws `SHAPE_MISMATCH`. */
export function checkRows(op: string, tensor: Tensor, rows: number, width: number): void {
  const [height = 0, across] = tensor.shape
  if (tensor.dtype !== 'f32' || tensor.shape.length !== 2 || height < rows || across !== width)
    throw mismatch(op, `f32 [${rows} or more, ${width}]`, tensor)
}

/** `count` elements or more, in whatever axes. Throws `SHAPE_MISMATCH`. */
export function checkElements(op: string, tensor: Tensor, dtype: DType, count: number): void {
  const elements = tensor.shape.reduce((product, size) => product * size, 1)
  if (tensor.dtype !== dtype || elements < count) throw mismatch(op, `${dtype} of ${count} elements or more`, tensor)
}

/** A gain as wide as what it scales. Throws `SHAPE_MISMATCH`. */
export function checkNorm(op: string, { gain }: Norm, width: number): void {
  if (gain.dtype !== 'f32' || gain.shape.length !== 1 || gain.shape[0] !== width)
    throw mismatch(op, `f32 [${width}]`, gain)
}

/** Throws `SHAPE_MISMATCH` unless `value` is whole and from `least` to `most`. */
export function checkCount(op: string, name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new OutriderError(
    'SHAPE_MISMATCH',
    `${op}: ${name} should be a whole number from ${least} to ${most}, and is ${value}`,
    {
      details: { op, name, value, least, most },
    },
  )
}

/** Throws `SHAPE_MISMATCH`. */
export function checkPass(op: string, pass: Pass): void {
  checkCount(op, 'pass.rows', pass.rows, 1, MAX_TREE_ROWS)
  checkCount(op, 'pass.first', pass.first, 0, MAX_TREE_ROWS - 1)
  checkElements(op, pass.tokens, 'u32', MAX_TREE_ROWS)
  checkElements(op, pass.index, 'u32', INDEX.words)
}

/** A cache of these heads, f16 or f32 [layers, 2, kvHeads, slots, headDim], and a layer of it. Throws `SHAPE_MISMATCH`. */
export function checkCache(op: string, { tensor, layer }: KvLayer, kvHeads: number, headDim: number): void {
  const [layers = 0, two, heads, , dim] = tensor.shape
  if (tensor.dtype === 'u32' || tensor.shape.length !== 5 || two !== 2 || heads !== kvHeads || dim !== headDim)
    throw mismatch(op, `f16 or f32 [layers, 2, ${kvHeads}, slots, ${headDim}]`, tensor)
  checkCount(op, 'cache.layer', layer, 0, layers - 1)
}

/** The width of a matrix. Throws `SHAPE_MISMATCH`. */
export function widthOf(op: string, tensor: Tensor): number {
  const [, width] = tensor.shape
  if (tensor.shape.length !== 2 || width === undefined) throw mismatch(op, 'a matrix', tensor)
  return width
}
