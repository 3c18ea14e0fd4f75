import { halfValues } from '../load/half-values'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The binary16 nearest to `value`, ties to even, as its 16 bits. */
export function toHalf(value: number): number {
  float[0] = value
  const word = bits[0] as number
  const sign = (word >>> 16) & 0x8000
  const exponent = (word >>> 23) & 0xff
  const mantissa = word & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0)
  const shifted = exponent - 112
  if (shifted >= 31) return sign | 0x7c00
  if (shifted <= 0) {
    if (shifted < -10) return sign
    return sign | roundShift(mantissa | 0x800000, 14 - shifted)
  }
  return sign + (shifted << 10) + roundShift(mantissa, 13)
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}

/** The number that 16 bits of binary16 stand for. */
export function fromHalf(half: number): number {
  return halfValues()[half] as number
}
