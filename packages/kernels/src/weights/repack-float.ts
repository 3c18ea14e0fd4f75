import { slot } from './slot'

/** f32: a vector of 4 inputs an output. */
export function repackF32(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  const target = base + slot(output) * 4
  for (let i = 0; i < 4; i++) to[target + i] = from[at + 2 * i]! | (from[at + 2 * i + 1]! << 16)
}

/** bf16, widened to f32. */
export function repackBf16(from: Uint16Array, at: number, to: Uint32Array, base: number, output: number): void {
  const target = base + slot(output) * 4
  for (let i = 0; i < 4; i++) to[target + i] = from[at + i]! << 16
}

/** f16: a vector of 8 inputs an output, of which a step fills one half. */
export function repackF16(
  from: Uint16Array,
  at: number,
  to: Uint32Array,
  base: number,
  output: number,
  part: number,
): void {
  const target = base + slot(output) * 4 + part * 2
  to[target] = from[at]! | (from[at + 1]! << 16)
  to[target + 1] = from[at + 2]! | (from[at + 3]! << 16)
}
