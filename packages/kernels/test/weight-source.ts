import type { WeightFormat, WeightSource } from '@outrider/core/spec'

/** Numbers from a seed, uniform in [0, 1): the same on every machine. */
export function random(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Inputs and bytes of one stored block, and the bytes at which f16 numbers lie that scale it. */
const blocks: Readonly<Record<WeightFormat, { inputs: number; bytes: number; scales: readonly number[] }>> = {
  f32: { inputs: 1, bytes: 4, scales: [] },
  f16: { inputs: 1, bytes: 2, scales: [] },
  bf16: { inputs: 1, bytes: 2, scales: [] },
  q4_0: { inputs: 32, bytes: 18, scales: [0] },
  q4_1: { inputs: 32, bytes: 20, scales: [0, 2] },
  q8_0: { inputs: 32, bytes: 34, scales: [0] },
  q4_k: { inputs: 256, bytes: 144, scales: [0, 2] },
  q6_k: { inputs: 256, bytes: 210, scales: [208] },
}

/** Bits of a finite f16 with a random sign and mantissa, of a size near 2^-6. */
function halfBits(next: () => number): number {
  const exponent = 7 + Math.floor(next() * 4)
  return (next() < 0.5 ? 0x8000 : 0) | (exponent << 10) | Math.floor(next() * 1024)
}

/** Stored bytes of a random matrix: every bit of the quantised part is drawn, scales and plain numbers are finite. */
export function randomBytes(format: WeightFormat, outputs: number, inputs: number, seed: number): Uint8Array {
  const next = random(seed)
  const { inputs: width, bytes, scales } = blocks[format]
  const count = (outputs * inputs) / width
  const data = new Uint8Array(count * bytes)
  const view = new DataView(data.buffer)
  const wide = new DataView(new ArrayBuffer(4))
  if (format === 'f32') for (let i = 0; i < count; i++) view.setFloat32(i * 4, next() - 0.5, true)
  else if (format === 'f16') for (let i = 0; i < count; i++) view.setUint16(i * 2, halfBits(next), true)
  else if (format === 'bf16')
    for (let i = 0; i < count; i++) {
      wide.setFloat32(0, next() - 0.5)
      view.setUint16(i * 2, wide.getUint16(0), true)
    }
  else {
    for (let i = 0; i < data.length; i++) data[i] = next() * 256
    for (let i = 0; i < count; i++) for (const at of scales) view.setUint16(i * bytes + at, halfBits(next), true)
  }
  return data
}

/** A source over bytes in memory; `odd` gives them at an odd address, as a file's view may be. */
export function bytesSource(
  format: WeightFormat,
  shape: readonly [number, number],
  data: Uint8Array,
  odd = false,
): WeightSource {
  const rowBytes = data.length / shape[0]
  return {
    name: `${format} ${shape}`,
    shape,
    format,
    rows: async (from, to) => {
      const part = data.subarray(from * rowBytes, to * rowBytes)
      if (!odd) return part
      const moved = new Uint8Array(part.length + 1)
      moved.set(part, 1)
      return moved.subarray(1)
    },
  }
}

/** A random matrix. */
export function randomSource(format: WeightFormat, outputs: number, inputs: number, seed = 1): WeightSource {
  return bytesSource(format, [outputs, inputs], randomBytes(format, outputs, inputs, seed))
}
