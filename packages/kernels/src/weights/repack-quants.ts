import { pairShift, slot } from './slot'

/**
 * Nibbles in canonical order, 32 inputs in four words: word i holds inputs 8i..8i+7, the low nibble of its byte j input 8i + j,
 * the high one input 8i + 4 + j. GGUF's Q4_0 and Q4_1 keep inputs 0..15 in the low nibbles of 16 bytes, 16..31 in the high.
 */
function splitNibbles(from: Uint16Array, at: number, to: Uint32Array, target: number): void {
  for (let i = 0; i < 2; i++) {
    const a = from[at + 4 * i]! | (from[at + 4 * i + 1]! << 16)
    const b = from[at + 4 * i + 2]! | (from[at + 4 * i + 3]! << 16)
    to[target + i] = (a & 0x0f0f0f0f) | ((b & 0x0f0f0f0f) << 4)
    to[target + 2 + i] = ((a >>> 4) & 0x0f0f0f0f) | (b & 0xf0f0f0f0)
  }
}

/** Q4_0: 64 vectors of nibbles, then 64 f16 scales, two to a word. Stored: f16 scale, 16 bytes of nibbles. */
export function repackQ40(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  splitNibbles(from, at + 1, to, base + slot(output) * 4)
  to[base + 256 + (output >> 1)]! |= from[at]! << pairShift(output)
}

/** Q4_1: 64 vectors of nibbles, then 64 words of f16 scale and minimum. Stored: scale, minimum, 16 bytes of nibbles. */
export function repackQ41(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  splitNibbles(from, at + 2, to, base + slot(output) * 4)
  to[base + 256 + slot(output)] = from[at]! | (from[at + 1]! << 16)
}

/**
 * Q8_0: 64 vectors of inputs 0..15, 64 of inputs 16..31, then 64 f16 scales, two to a word. The signed bytes get 128 added.
 * Stored: f16 scale, 32 bytes.
 */
export function repackQ80(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  const target = base + slot(output) * 4
  for (let i = 0; i < 4; i++) {
    const low = at + 1 + 2 * i
    to[target + i] = (from[low]! | (from[low + 1]! << 16)) ^ 0x80808080
    to[target + 256 + i] = (from[low + 8]! | (from[low + 9]! << 16)) ^ 0x80808080
  }
  to[base + 512 + (output >> 1)]! |= from[at]! << pairShift(output)
}
