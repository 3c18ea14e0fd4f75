import type { WeightFormat } from '../spec/tensor'
import { halfValues } from './half-values'
import { sixBitMinimum, sixBitScale } from './k-quants'

/** Quantised weights as the integers that they are stored as: a weight is code · scale + minimum. */
export interface Codes {
  /** int8 [weights]: what is stored, with the format's zero taken off where it has a fixed one. */
  readonly codes: Int8Array
  /** Weights that share a scale. */
  readonly part: 16 | 32
  /** f32 [weights / part]: exact products of the format's scales. */
  readonly scales: Float32Array
  /** f32 [weights / 32], exact too; absent where the format has none. */
  readonly minima?: Float32Array
}

/** Reads block `block` at byte `at` into `codes`. */
type Reader = (bytes: Uint8Array, at: number, block: number, into: Codes) => void

interface Quantised {
  readonly weights: number
  readonly bytes: number
  readonly part: 16 | 32
  readonly minima: boolean
  readonly read: Reader
}

const quantised: Partial<Record<WeightFormat, Quantised>> = {
  q4_0: { weights: 32, bytes: 18, part: 32, minima: false, read: readQ40 },
  q4_1: { weights: 32, bytes: 20, part: 32, minima: true, read: readQ41 },
  q8_0: { weights: 32, bytes: 34, part: 32, minima: false, read: readQ80 },
  q4_k: { weights: 256, bytes: 144, part: 32, minima: true, read: readQ4K },
  q6_k: { weights: 256, bytes: 210, part: 16, minima: false, read: readQ6K },
}

/**
 * Room for the integers of `weights` weights, or undefined where the format has none.
 */
export function emptyCodes(format: WeightFormat, weights: number): Codes | undefined {
  const layout = quantised[format]
  if (!layout) return undefined
  return {
    codes: new Int8Array(weights),
    part: layout.part,
    scales: new Float32Array(weights / layout.part),
    ...(layout.minima && { minima: new Float32Array(weights / 32) }),
  }
}

/** Reads whole blocks of `format` into `into`, from weight `first` on: the integers behind what `dequantise` gives. */
export function readCodes(format: WeightFormat, bytes: Uint8Array, into: Codes, first: number): void {
  const { weights, bytes: size, read } = quantised[format] as Quantised
  for (let at = 0, block = first / weights; at < bytes.length; at += size, block++) read(bytes, at, block, into)
}

function half(bytes: Uint8Array, at: number): number {
  return halfValues()[bytes[at]! | (bytes[at + 1]! << 8)]!
}

/** Sixteen bytes: weights 0..15 in the low nibbles, 16..31 in the high ones. */
function readNibbles(bytes: Uint8Array, at: number, codes: Int8Array, to: number, zero: number): void {
  for (let i = 0; i < 16; i++) {
    codes[to + i] = (bytes[at + i]! & 15) - zero
    codes[to + 16 + i] = (bytes[at + i]! >> 4) - zero
  }
}

function readQ40(bytes: Uint8Array, at: number, block: number, { codes, scales }: Codes): void {
  scales[block] = half(bytes, at)
  readNibbles(bytes, at + 2, codes, block * 32, 8)
}

function readQ41(bytes: Uint8Array, at: number, block: number, { codes, scales, minima }: Codes): void {
  scales[block] = half(bytes, at)
  minima![block] = half(bytes, at + 2)
  readNibbles(bytes, at + 4, codes, block * 32, 0)
}

function readQ80(bytes: Uint8Array, at: number, block: number, { codes, scales }: Codes): void {
  scales[block] = half(bytes, at)
  for (let i = 0; i < 32; i++) codes[block * 32 + i] = bytes[at + 2 + i]! // wraps to the signed byte
}

function readQ4K(bytes: Uint8Array, at: number, block: number, { codes, scales, minima }: Codes): void {
  for (let part = 0; part < 8; part++) {
    scales[block * 8 + part] = half(bytes, at) * sixBitScale(bytes, at + 4, part)
    minima![block * 8 + part] = -half(bytes, at + 2) * sixBitMinimum(bytes, at + 4, part)
    const from = at + 16 + 32 * (part >> 1)
    const shift = 4 * (part & 1)
    for (let i = 0; i < 32; i++) codes[block * 256 + 32 * part + i] = (bytes[from + i]! >> shift) & 15
  }
}

function readQ6K(bytes: Uint8Array, at: number, block: number, { codes, scales }: Codes): void {
  for (let run = 0; run < 8; run++) {
    const low = at + 64 * (run >> 2) + 32 * (run & 1)
    const high = at + 128 + 32 * (run >> 2)
    for (let i = 0; i < 32; i++) {
      const bits = (bytes[high + i]! >> (2 * (run & 3))) & 3
      codes[block * 256 + 32 * run + i] = (((bytes[low + i]! >> (2 * (run & 2))) & 15) | (bits << 4)) - 32
    }
    for (let part = 2 * run; part < 2 * run + 2; part++)
      scales[block * 16 + part] = half(bytes, at + 208) * ((bytes[at + 192 + part]! << 24) >> 24)
  }
}
