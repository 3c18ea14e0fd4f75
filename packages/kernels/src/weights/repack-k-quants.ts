import { pairShift, slot } from './slot'

/** Units of 32 inputs in a K-quant block of 256. */
const units = 8

/** Bytes 4i..4i+3 of a byte stream that starts at a 16-bit word. */
function word(from: Uint16Array, at: number, i: number): number {
  return from[at + 2 * i]! | (from[at + 2 * i + 1]! << 16)
}

/** Canonical nibbles (see `repack-quants.ts`) from 32 bytes whose nibbles at `shift` are inputs 0..31. */
function gatherNibbles(from: Uint16Array, at: number, shift: number, to: Uint32Array, target: number): void {
  for (let i = 0; i < 4; i++) {
    const a = (word(from, at, 2 * i) >>> shift) & 0x0f0f0f0f
    const b = (word(from, at, 2 * i + 1) >>> shift) & 0x0f0f0f0f
    to[target + i] = a | (b << 4)
  }
}

function byte(from: Uint16Array, at: number, i: number): number {
  return (from[at + (i >> 1)]! >>> ((i & 1) << 3)) & 0xff
}

/**
 * Q4_K: 8 units of 64 vectors of nibbles and 64 × (u8 scale, u8 minimum), two outputs to a word; then 64 words of f16 scale and
 * f16 scale of the minima. Stored: the two f16, 12 bytes of 6-bit scales and minima, 4 × 32 bytes whose low nibbles are one
 * unit and whose high nibbles the next.
 */
export function repackQ4K(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  const unitWords = 288
  const scales = at + 2
  const vector = slot(output) * 4
  for (let u = 0; u < units; u++) {
    const unit = base + u * unitWords
    gatherNibbles(from, at + 8 + (u >> 1) * 16, (u & 1) << 2, to, unit + vector)
    const high = u < 4 ? 0 : byte(from, scales, u + 4)
    const scale = u < 4 ? byte(from, scales, u) & 63 : (high & 15) | ((byte(from, scales, u - 4) >> 6) << 4)
    const minimum = u < 4 ? byte(from, scales, u + 4) & 63 : (high >> 4) | ((byte(from, scales, u) >> 6) << 4)
    to[unit + 256 + (output >> 1)]! |= (scale | (minimum << 8)) << pairShift(output)
  }
  to[base + units * unitWords + slot(output)] = word(from, at, 0)
}

/**
 * Q6_K: 8 units of 64 vectors of low nibbles, 64 pairs of words of high bits and 64 × 2 i8 scales (one for 16 inputs), two
 * outputs to a word; then 64 f16 scales, two to a word. In word h of the high bits, bits 2g and 2g + 1 of byte j belong to
 * input 16h + 4g + j. Stored: 128 bytes of low nibbles, 64 of high bits, 16 i8 scales, the f16.
 */
export function repackQ6K(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  const unitWords = 416
  for (let u = 0; u < units; u++) {
    const unit = base + u * unitWords
    const half = u >> 2
    const quarter = u & 3
    gatherNibbles(from, at + half * 32 + (quarter & 1) * 16, (quarter >> 1) << 2, to, unit + slot(output) * 4)
    const bits = at + 64 + half * 16
    for (let h = 0; h < 2; h++) {
      let high = 0
      for (let g = 0; g < 4; g++) high |= ((word(from, bits, 4 * h + g) >>> (2 * quarter)) & 0x03030303) << (2 * g)
      to[unit + 256 + slot(output) * 2 + h] = high
    }
    to[unit + 384 + (output >> 1)]! |= from[at + 96 + u]! << pairShift(output)
  }
  to[base + units * unitWords + (output >> 1)]! |= from[at + 104]! << pairShift(output)
}
