import { OutriderError } from '../errors'
import type { WeightFormat } from '../spec/tensor'
import { halfValues } from './half-values'
import { dequantiseQ4K, dequantiseQ6K } from './k-quants'

/** How many weights one block of a format holds, and its bytes. Formats without blocks have blocks of one. */
export interface BlockLayout {
  readonly weights: number
  readonly bytes: number
}

const LAYOUTS: Readonly<Record<WeightFormat, BlockLayout>> = {
  f32: { weights: 1, bytes: 4 },
  f16: { weights: 1, bytes: 2 },
  bf16: { weights: 1, bytes: 2 },
  q8_0: { weights: 32, bytes: 34 },
  q4_0: { weights: 32, bytes: 18 },
  q4_1: { weights: 32, bytes: 20 },
  q4_k: { weights: 256, bytes: 144 },
  q6_k: { weights: 256, bytes: 210 },
}

/**
 * Weights and bytes of one block of `format`, as ggml defines them (`ggml-common.h`).
 *
 * @example
 * ```ts
 * import { blockLayout } from '@outrider/core/load'
 *
 * const { weights, bytes } = blockLayout('q4_0') // 32 weights in 18 bytes
 * ```
 */
export function blockLayout(format: WeightFormat): BlockLayout {
  return LAYOUTS[format]
}

/**
 * Bytes of one row of `inputs` weights. Throws `TENSOR_SHAPE` where a row is not made of whole blocks.
 *
 * @example
 * ```ts
 * import { rowBytes } from '@outrider/core/load'
 *
 * const bytes = rowBytes('q8_0', 576) // 18 blocks of 34 bytes
 * ```
 */
export function rowBytes(format: WeightFormat, inputs: number): number {
  const { weights, bytes } = LAYOUTS[format]
  if (inputs % weights !== 0)
    throw new OutriderError(
      'TENSOR_SHAPE',
      `A row of ${inputs} weights does not consist of whole ${format} blocks of ${weights}.`,
      { details: { format, inputs } },
    )
  return (inputs / weights) * bytes
}

/**
 * Widens stored weights to f32: exactly the numbers that ggml's `dequantize_row_*` gives. `bytes` are whole blocks, at any
 * alignment; `out` takes as many numbers as they hold. Throws `TENSOR_SHAPE` where the two do not fit.
 *
 * @example
 * ```ts
 * import { dequantise } from '@outrider/core/load'
 *
 * const out = new Float32Array(1)
 * dequantise('bf16', new Uint8Array([0x80, 0x3f]), out) // out[0] is 1
 * ```
 */
export function dequantise(format: WeightFormat, bytes: Uint8Array, out: Float32Array): void {
  if (bytes.length !== rowBytes(format, out.length))
    throw new OutriderError(
      'TENSOR_SHAPE',
      `${bytes.length} bytes of ${format} do not hold ${out.length} weights: pass ${rowBytes(format, out.length)} bytes.`,
      { details: { format, bytes: bytes.length, weights: out.length } },
    )
  WIDENERS[format](bytes, out)
}

const WIDENERS: Readonly<Record<WeightFormat, (bytes: Uint8Array, out: Float32Array) => void>> = {
  f32: widenF32,
  f16: widenF16,
  bf16: widenBf16,
  q8_0: dequantiseQ80,
  q4_0: dequantiseQ40,
  q4_1: dequantiseQ41,
  q4_k: dequantiseQ4K,
  q6_k: dequantiseQ6K,
}

function widenF32(bytes: Uint8Array, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes)
}

function widenF16(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let i = 0; i < out.length; i++) out[i] = half[bytes[2 * i]! | (bytes[2 * i + 1]! << 8)]!
}

function widenBf16(bytes: Uint8Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  for (let i = 0; i < out.length; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24)
}

/** Block: f16 scale, 32 int8. */
function dequantiseQ80(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let at = 0, o = 0; o < out.length; at += 34, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    for (let i = 0; i < 32; i++) out[o + i] = ((bytes[at + 2 + i]! << 24) >> 24) * scale
  }
}

/** Block: f16 scale, 16 bytes; low nibbles are weights 0 to 15, high ones 16 to 31; 8 is zero. */
function dequantiseQ40(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let at = 0, o = 0; o < out.length; at += 18, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i]!
      out[o + i] = ((pair & 15) - 8) * scale
      out[o + 16 + i] = ((pair >> 4) - 8) * scale
    }
  }
}

/** Block: f16 scale, f16 minimum, 16 bytes of nibbles as in Q4_0. One rounding: the product is exact. */
function dequantiseQ41(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let at = 0, o = 0; o < out.length; at += 20, o += 32) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 4 + i]!
      out[o + i] = (pair & 15) * scale + minimum
      out[o + 16 + i] = (pair >> 4) * scale + minimum
    }
  }
}
