import type { Norm } from '../../spec'
import type { MultiplyAdd } from '../fma'
import { type HostWeight, host } from '../memory'
import { halfProduct, halveRows } from './half'
import { int8Product, quantiseRows } from './int8'
import { eachSum } from './sums'

/** x / sqrt(mean(x²) + eps) · gain, from `x` at `at` into `out` at `to`. */
export function normalise(x: Float32Array, at: number, width: number, norm: Norm, out: Float32Array, to: number): void {
  let squares = 0
  for (let k = 0; k < width; k++) squares += (x[at + k] as number) ** 2
  const scale = 1 / Math.sqrt(squares / width + norm.eps)
  const gain = host(norm.gain).floats
  for (let k = 0; k < width; k++) out[to + k] = (x[at + k] as number) * scale * (gain[k] as number)
}

/** The first `rows` rows of x, normalised where a norm is given: [rows, width]. */
export function inputs(x: Float32Array, rows: number, width: number, norm: Norm | undefined): Float32Array {
  if (!norm) return x
  const normal = new Float32Array(rows * width)
  for (let r = 0; r < rows; r++) normalise(x, r * width, width, norm, normal, r * width)
  return normal
}

/**
 * weight · norm(x): for each row and output emit(row, output, sum, scale), sum · scale being the product, outputs in order.
 * In float32 the norm comes first and the sum is in double, in the order of the inputs; a weight that has its integers is
 * multiplied as such, with x as int8, one that has its halves with x as halves, and the norm comes last. x f32 [rows, inputs].
 */
export function product(
  x: Float32Array,
  weight: HostWeight,
  rows: number,
  norm: Norm | undefined,
  fma: MultiplyAdd,
  emit: (row: number, output: number, sum: number, scale: number) => void,
): void {
  const { integers, halves, shape } = weight
  const [outputs, width] = shape
  if (integers) int8Product(quantiseRows(x, rows, width, norm), integers, outputs, width, fma, emit)
  else if (halves) halfProduct(halveRows(x, rows, width, norm), halves, outputs, width, emit)
  else eachSum(inputs(x, rows, width, norm), weight.values, [rows, outputs, width], (r, n, sum) => emit(r, n, sum, 1))
}

/** x · sigmoid(x). */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x))
}
