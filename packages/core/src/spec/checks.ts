import { OutriderError } from '../errors'
import type { Norm, RowPart } from './ops'
import { INDEX, type KvLayer, MAX_TREE_ROWS, type Pass, type SequenceTensors, type TreeTensors } from './pass'
import type { DType, Tensor } from './tensor'

/** Throws the error of an op that was called wrongly. */
export function refuse(op: string, what: string): never {
  throw new OutriderError('SHAPE_MISMATCH', `${op}: ${what}`, { details: { op } })
}

/** Number of elements of a tensor. */
function size(tensor: Tensor): number {
  return tensor.shape.reduce((product, axis) => product * axis, 1)
}

/** A whole number from `least` to `most`. */
export function whole(op: string, name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    refuse(op, `${name} must be a whole number from ${least} to ${most}, not ${value}`)
}

/** A number of words to begin at. */
export function place(op: string, name: string, value: number): void {
  whole(op, name, value, 0, 2 ** 31 - 1)
}

/** An offset that may be negative. */
export function offset(op: string, name: string, value: number): void {
  whole(op, name, value, -(2 ** 31), 2 ** 31 - 1)
}

export function rowCount(op: string, rows: number): void {
  whole(op, 'rows', rows, 1, MAX_TREE_ROWS)
}

/** A tensor of `dtype` whose last axis is `width` (null: any) and that has `rows` rows at least. Returns its width. */
export function matrix(op: string, name: string, tensor: Tensor, rows: number, width: number | null): number {
  const [height, columns] = tensor.shape as [number, number]
  if (tensor.dtype !== 'f32' || tensor.shape.length !== 2 || height < rows || (width !== null && columns !== width))
    refuse(
      op,
      `${name} must be f32 [${rows} rows or more, ${width ?? 'any'}], but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`,
    )
  return columns
}

/** A tensor of `dtype` with `count` elements at least, in whatever axes. */
export function elements(op: string, name: string, tensor: Tensor, dtype: DType, count: number): void {
  if (tensor.dtype !== dtype || size(tensor) < count)
    refuse(op, `${name} must hold at least ${count} ${dtype}, but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`)
}

/** A bit for each of `width` columns: u32 [rows or more, ⌈width / 32⌉]. */
export function bitRows(op: string, name: string, tensor: Tensor, rows: number, width: number): void {
  const words = Math.ceil(width / 32)
  const [height, columns] = tensor.shape as [number, number]
  if (tensor.dtype !== 'u32' || tensor.shape.length !== 2 || height < rows || columns !== words)
    refuse(
      op,
      `${name} must be u32 [${rows} rows or more, ${words}], but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`,
    )
}

/** f32 [width]. */
export function vector(op: string, name: string, tensor: Tensor, width: number): void {
  if (tensor.dtype !== 'f32' || tensor.shape.length !== 1 || tensor.shape[0] !== width)
    refuse(op, `${name} must be f32 [${width}], but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`)
}

export function norm(op: string, value: Norm | undefined, width: number): void {
  if (!value) return
  vector(op, 'norm.gain', value.gain, width)
  if (!(value.eps >= 0)) refuse(op, `norm.eps must be 0 or more, not ${value.eps}`)
}

/** A part of rows that go into `outs`. Returns its width. */
function part(op: string, value: RowPart, rows: number, outs: readonly Tensor[]): number {
  let width: number
  if ('x' in value) {
    width = matrix(op, 'part', value.x, rows, null)
    apart(op, outs, [value.x])
  } else {
    pass(op, value.pass, rows)
    width = value.table.shape[1]
  }
  norm(op, value.before, width)
  norm(op, value.norm, width)
  return width
}

/** Rows of a tensor, or parts that make some, into `outs`. Returns their width. */
export function rows(op: string, x: Tensor | readonly RowPart[], count: number, outs: readonly Tensor[]): number {
  if ('shape' in x) {
    apart(op, outs, [x])
    return matrix(op, 'x', x, count, null)
  }
  if (x.length === 0) refuse(op, 'there must be a part')
  return x.reduce((width, each) => width + part(op, each, count, outs), 0)
}

/** A pass, and the number of rows that an op computes for it where that is stated apart. */
export function pass(op: string, value: Pass, rows: number = value.rows): void {
  whole(op, 'pass.rows', value.rows, 1, MAX_TREE_ROWS)
  whole(op, 'pass.first', value.first, 0, MAX_TREE_ROWS - value.rows)
  if (value.reach !== undefined) whole(op, 'pass.reach', value.reach, 1, 2 ** 31)
  if (rows !== value.rows) refuse(op, `rows is ${rows}, but the pass has ${value.rows}: they must agree`)
  elements(op, 'pass.tokens', value.tokens, 'u32', MAX_TREE_ROWS)
  elements(op, 'pass.index', value.index, 'u32', INDEX.words)
}

/** A pass over a whole tree, from its root on. */
export function wholePass(op: string, value: Pass): void {
  pass(op, value)
  if (value.first !== 0) refuse(op, `pass.first must be 0, not ${value.first}: the op looks at rows from the root on`)
}

export function tree(op: string, value: TreeTensors): void {
  elements(op, 'tree.tokens', value.tokens, 'u32', MAX_TREE_ROWS)
  elements(op, 'tree.shape', value.shape, 'u32', MAX_TREE_ROWS)
}

export function sequence(op: string, value: SequenceTensors): void {
  elements(op, 'sequence.history', value.history, 'u32', 1)
  elements(op, 'sequence.length', value.length, 'u32', 1)
}

/** A cache f16 or f32 [layers, 2, kvHeads, slots, headDim], of an even head size. */
export function cacheTensor(op: string, tensor: Tensor): void {
  const [, two, , , headDim] = tensor.shape
  if (tensor.dtype === 'u32' || tensor.shape.length !== 5 || two !== 2 || (headDim as number) % 2 !== 0)
    refuse(
      op,
      `the cache must be f16 or f32 [layers, 2, kvHeads, slots, headDim], headDim even, but ${tensor.label} is ${tensor.dtype} [${tensor.shape}]`,
    )
}

/** Query heads over a layer of a cache. */
export function attention(
  op: string,
  args: { readonly heads: number; readonly kvHeads: number; readonly headDim: number; readonly cache: KvLayer },
): void {
  const { heads, kvHeads, headDim, cache } = args
  whole(op, 'heads', heads, 1, 65535)
  whole(op, 'kvHeads', kvHeads, 1, heads)
  whole(op, 'headDim', headDim, 32, 256)
  if (headDim % 2 !== 0) refuse(op, `headDim must be even, not ${headDim}`)
  if (heads % kvHeads !== 0) refuse(op, `${heads} query heads cannot share ${kvHeads} key heads evenly`)
  cacheTensor(op, cache.tensor)
  const [layers, , keyHeads, , width] = cache.tensor.shape as [number, number, number, number, number]
  if (keyHeads !== kvHeads || width !== headDim)
    refuse(op, `the cache must be [layers, 2, ${kvHeads}, slots, ${headDim}], but is [${cache.tensor.shape}]`)
  whole(op, 'cache.layer', cache.layer, 0, layers - 1)
}

/** What an op writes is nothing else that it touches: a device cannot bind a buffer twice where it is written. */
export function apart(op: string, written: readonly Tensor[], read: readonly (Tensor | undefined)[]): void {
  const all = [...written, ...read]
  for (const tensor of written)
    if (all.indexOf(tensor) !== all.lastIndexOf(tensor))
      refuse(op, `${tensor.label} is written and may not be another argument as well: use a tensor of its own`)
}
