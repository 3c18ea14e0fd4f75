import { type AttentionForm, chunk, type Layout } from './form'
import type { HeadVectors } from './head-vectors.wgsl'

/** What the pieces of the shader are made of. */
export interface Parts extends AttentionForm, Layout {
  readonly head: HeadVectors
  /** Whether four neighbouring shares are one vector. */
  readonly wide: boolean
}

/** Where shares and sums are in the pool: f32, or vec4f where lanes write four at a time. */
export const shareAt = ({ wide }: Parts, query: string, key: string): string =>
  wide ? `pool[(${query}) * ${chunk / 4}u + (${key}) / 4u][(${key}) % 4u]` : `pool[(${query}) * ${chunk}u + ${key}]`
