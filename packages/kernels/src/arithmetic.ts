import type { Arithmetic } from '@outrider/core/spec'
import type { DeviceFacts } from './device'
import { halfMatrix, hasMatrix } from './matrices'

/** What an arithmetic needs and a device lacks. */
export const lacks: Readonly<Record<Arithmetic, (facts: DeviceFacts) => string | false>> = {
  f32: () => false,
  i8: ({ packedDot }) => !packedDot && "WGSL's packed_4x8_integer_dot_product",
  f16: ({ matrices }) =>
    !hasMatrix(matrices, halfMatrix) &&
    'subgroup matrices of 16 by 16 halves in subgroups of 32 (shader-f16, subgroups, chromium-experimental-subgroup-matrix)',
}

/** The arithmetic that verifies drafts fastest on a class of device, as far as was measured: see docs/decisions/0015. */
export function fastestArithmetic(facts: DeviceFacts): Arithmetic {
  return facts.packedDot && !facts.software ? 'i8' : 'f32'
}
