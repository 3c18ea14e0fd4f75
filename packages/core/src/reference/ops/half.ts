import type { Norm } from '../../spec'
import { fromHalf, toHalf } from '../half'
import { host } from '../memory'

/** Rows of activations as the numbers that their halves stand for. */
export interface HalfRows {
  /** [rows, inputs] */
  readonly values: Float32Array
  /** f32 [rows]: what the products of a row are multiplied by. */
  readonly scales: Float32Array
}

/** The nearest numbers that binary16 has, the largest for those beyond. */
export function toHalves(values: Float32Array): Float32Array {
  return values.map((value) => fromHalf(toHalf(Math.min(65504, Math.max(-65504, value)))))
}

/**
 * Rounds rows of x · gain to halves after the power of two that brings the row's largest size to 2^14 and more. Sizes below
 * 2^-100 are zeros, a row with an infinity or a NaN has the scale NaN. The root mean square of a norm is left to the end of
 * the product.
 */
export function halveRows(x: Float32Array, rows: number, width: number, norm: Norm | undefined): HalfRows {
  const values = new Float32Array(rows * width)
  const scales = new Float32Array(rows)
  const gain = norm && host(norm.gain).floats
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(r * width, (r + 1) * width)
    row.set(x.subarray(r * width, (r + 1) * width))
    let scale = 1
    if (norm) {
      const squares = row.reduce((sum, value) => sum + value * value, 0)
      scale = 1 / Math.sqrt(squares / width + norm.eps)
    }
    if (gain) for (let k = 0; k < width; k++) row[k] = (row[k] as number) * (gain[k] as number)
    const size = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const step = stepOf(size)
    scales[r] = scale * step
    for (let k = 0; k < width; k++) row[k] = step > 0 ? fromHalf(toHalf((row[k] as number) / step)) : 0
  }
  return { values, scales }
}

/** The power of two that halves of a row count in: its largest size is 2^14 to 2^15 of them. */
function stepOf(size: number): number {
  if (!Number.isFinite(size)) return Number.NaN
  return size < 2 ** -100 ? 0 : 2 ** (Math.floor(Math.log2(size)) - 14)
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
  for (let n = 0; n < outputs; n++)
    for (const [r, scale] of scales.entries()) {
      let sum = 0
      for (let k = 0; k < width; k++) sum += (weight[n * width + k] as number) * (values[r * width + k] as number)
      emit(r, n, Math.fround(sum), scale)
    }
}
