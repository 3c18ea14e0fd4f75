import { halfValues } from './half-values'

/**
 * Q4_K, super-blocks of 256 weights: f16 scale, f16 minimum, 12 bytes with eight 6-bit scales and eight 6-bit minima, 128 bytes
 * of nibbles. Each run of 32 bytes holds 32 weights in its low and the next 32 in its high nibbles.
 */
export function dequantiseQ4K(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let at = 0, o = 0; o < out.length; at += 144, o += 256) {
    const scale = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const minimum = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    for (let part = 0; part < 8; part++) {
      const partScale = scale * sixBitScale(bytes, at + 4, part)
      const partMinimum = minimum * sixBitMinimum(bytes, at + 4, part)
      const from = at + 16 + 32 * (part >> 1)
      const shift = 4 * (part & 1)
      for (let i = 0; i < 32; i++) out[o + 32 * part + i] = partScale * ((bytes[from + i]! >> shift) & 15) - partMinimum
    }
  }
}

/** Scale of one of the eight parts of Q4_K; `at` is the first of the 12 bytes, parts 4 to 7 are split over two. */
export function sixBitScale(bytes: Uint8Array, at: number, part: number): number {
  return part < 4 ? bytes[at + part]! & 63 : (bytes[at + part + 4]! & 15) | ((bytes[at + part - 4]! >> 6) << 4)
}

/** Minimum of one of the eight parts. */
export function sixBitMinimum(bytes: Uint8Array, at: number, part: number): number {
  return part < 4 ? bytes[at + part + 4]! & 63 : (bytes[at + part + 4]! >> 4) | ((bytes[at + part]! >> 6) << 4)
}

/**
 * Q6_K, super-blocks of 256 weights: 128 bytes of low nibbles, 64 bytes of high bit pairs, sixteen int8 scales, f16 scale; 32 is
 * zero. Each half of 128 weights is four runs of 32 that share 64 low and 32 high bytes.
 */
export function dequantiseQ6K(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues()
  for (let at = 0, o = 0; o < out.length; at += 210, o += 256) {
    const scale = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!
    for (let run = 0; run < 8; run++) {
      const low = at + 64 * (run >> 2) + 32 * (run & 1)
      const high = at + 128 + 32 * (run >> 2)
      const lowShift = 2 * (run & 2)
      const highShift = 2 * (run & 3)
      for (let i = 0; i < 32; i++) {
        const partScale = scale * ((bytes[at + 192 + 2 * run + (i >> 4)]! << 24) >> 24)
        const weight = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4)
        out[o + 32 * run + i] = partScale * (weight - 32)
      }
    }
  }
}
