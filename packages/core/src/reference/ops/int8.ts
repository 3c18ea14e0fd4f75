import type { Codes } from '../../load/codes'
import type { Norm } from '../../spec'
import type { MultiplyAdd } from '../fma'
import { host } from '../memory'

/** Inputs that share a scale. */
const block = 32
/** Slices of K. */
const slices = 32

/** Rows of activations as int8. */
export interface Int8Rows {
  /** [rows, inputs] */
  readonly codes: Int8Array
  /** f32 [rows, inputs / 32]: at most eight significant bits. */
  readonly scales: Float32Array
  /** f32 [rows]: what the products of a row are multiplied by, 1 without a norm. */
  readonly norms: Float32Array
}

const bits = new Uint32Array(1)
const float = new Float32Array(bits.buffer)

/**
 * Quantises rows of x · gain by blocks of 32: the scale is the largest size divided by 127, rounded up to eight significant
 * bits; a code is the value times the scale's reciprocal, rounded to the nearest integer, ties to even. Sizes below 2^-100 are
 * zeros, a block with an infinity or a NaN has the scale NaN. The root mean square of a norm is left to the end of the product.
 */
export function quantiseRows(x: Float32Array, rows: number, width: number, norm: Norm | undefined): Int8Rows {
  const codes = new Int8Array(rows * width)
  const scales = new Float32Array((rows * width) / block)
  const norms = new Float32Array(rows).fill(1)
  const gain = norm && host(norm.gain).floats
  const values = new Float32Array(block)
  for (let r = 0; r < rows; r++) {
    let squares = 0
    for (let k = 0; k < width; k += block) {
      for (let i = 0; i < block; i++) {
        const value = x[r * width + k + i] as number
        squares += value * value
        values[i] = gain ? value * (gain[k + i] as number) : value
      }
      const at = r * width + k
      scales[at / block] = quantise(values, codes, at)
    }
    if (norm) norms[r] = 1 / Math.sqrt(squares / width + norm.eps)
  }
  return { codes, scales, norms }
}

/** Codes of one block, from `at` on; gives the scale. */
function quantise(values: Float32Array, codes: Int8Array, at: number): number {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  if (!Number.isFinite(most)) return Number.NaN
  if (most < 2 ** -100) return 0
  float[0] = most * Math.fround(1 / 127)
  bits[0] = ((bits[0] as number) + 0xffff) & 0xffff0000
  const scale = float[0] as number
  const exponent = (bits[0] as number) >>> 23
  const mantissa = (((bits[0] as number) >>> 16) & 0x7f) | 0x80
  const reciprocal = Math.floor(2 ** 31 / mantissa) * 2 ** (103 - exponent)
  for (const [i, value] of values.entries()) codes[at + i] = roundToEven(Math.fround(value * reciprocal))
  return scale
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const over = value - floor
  if (over < 0.5) return floor
  return over > 0.5 || floor % 2 !== 0 ? floor + 1 : floor
}

/**
 * For each row and output weight · x, but for the row's norm: emit(row, output, sum, norm). A block gives an exact integer for
 * each scale in it; slice s of K is the blocks s, s + 32, …, each added with one fma (two for two scales, one more for minima),
 * and the slices are added in order.
 */
export function int8Product(
  { codes, scales, norms }: Int8Rows,
  weight: Codes,
  outputs: number,
  width: number,
  fma: MultiplyAdd,
  emit: (row: number, output: number, sum: number, scale: number) => void,
): void {
  const sums = new Float32Array(slices)
  for (let n = 0; n < outputs; n++)
    for (let r = 0; r < norms.length; r++) {
      sums.fill(0)
      for (let k = 0, slice = 0; k < width; k += block, slice = (slice + 1) % slices) {
        const [a, w] = [r * width + k, n * width + k]
        const scale = scales[a / block] as number
        let sum = sums[slice] as number
        let total = 0
        for (let part = 0; part < block; part += weight.part) {
          let integer = 0
          for (let i = part; i < part + weight.part; i++)
            integer += (weight.codes[w + i] as number) * (codes[a + i] as number)
          sum = fma(Math.fround((weight.scales[(w + part) / weight.part] as number) * scale), integer, sum)
        }
        if (weight.minima) {
          for (let i = 0; i < block; i++) total += codes[a + i] as number
          sum = fma(weight.minima[w / block] as number, Math.fround(scale * total), sum)
        }
        sums[slice] = sum
      }
      emit(
        r,
        n,
        sums.reduce((total, sum) => Math.fround(total + sum), 0),
        norms[r] as number,
      )
    }
}
