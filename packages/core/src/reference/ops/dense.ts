import type { Norm } from '../../spec'
import { host } from '../memory'

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

/** For each row and output the sum over the inputs, in order: emit(row, output, sum). x [rows, inputs], weight [outputs, inputs]. */
export function product(
  x: Float32Array,
  weight: Float32Array,
  rows: number,
  outputs: number,
  width: number,
  emit: (row: number, output: number, sum: number) => void,
): void {
  for (let n = 0; n < outputs; n++) {
    const w = n * width
    for (let r = 0; r < rows; r++) {
      const a = r * width
      let sum = 0
      for (let k = 0; k < width; k++) sum += (weight[w + k] as number) * (x[a + k] as number)
      emit(r, n, sum)
    }
  }
}

/** x · sigmoid(x). */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x))
}
