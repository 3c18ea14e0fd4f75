import type { Norm } from '../../spec'
import { fromHalf, toHalf } from '../half'
import { host } from '../memory'
import { eachSum } from './sums'

/** Rows of activations as the numbers that their halves stand for. */
export interface HalfRows {
  /** [rows, inputs] */
  readonly values: Float32Array
  /** f32 [rows]: what the products of a row are multiplied by. */
  readonly scales: Float32Array
}

/** The nearest numbers that binary16 has, the largest for finite ones beyond. */
export function toHalves(values: Float32Array): Float32Array {
  return values.map((value) =>
    fromHalf(toHalf(Number.isFinite(value) ? Math.min(65504, Math.max(-65504, value)) : value)),
  )
}

/** What activations are divided by before they become halves: so those up to 2^18 have one. */
const unit = 4

/**
 * Rounds rows of x · gain to halves, each value on its own: whoever writes rows can round them. Infinities and NaN stay what they
 * are. The root mean square of a norm is left to the end of the product.
 */
export function halveRows(x: Float32Array, rows: number, width: number, norm: Norm | undefined): HalfRows {
  const gain = norm && host(norm.gain).floats
  const gained = x.slice(0, rows * width)
  if (gain) for (const [i, value] of gained.entries()) gained[i] = value * (gain[i % width] as number)
  const scales = new Float32Array(rows)
  for (let r = 0; r < rows; r++) {
    const squares = x.subarray(r * width, (r + 1) * width).reduce((sum, value) => sum + value * value, 0)
    scales[r] = norm ? unit / Math.sqrt(squares / width + norm.eps) : unit
  }
  return { values: toHalves(gained.map((value) => value / unit)), scales }
}

/**
 * For each row and output weight · x, but for the row's scale: emit(row, output, sum, scale). Products of halves are exact;
 * they are added in double in the order of the inputs, and the sum is rounded once.
 */
export function halfProduct(
  { values, scales }: HalfRows,
  weight: Float32Array,
  outputs: number,
  width: number,
  emit: (row: number, output: number, sum: number, scale: number) => void,
): void {
  eachSum(values, weight, [scales.length, outputs, width], (r, n, sum) =>
    emit(r, n, Math.fround(sum), scales[r] as number),
  )
}
