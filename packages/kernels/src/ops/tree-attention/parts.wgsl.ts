import { type AttentionForm, chunk, type Layout } from './form'
import type { HeadVectors } from './head-vectors.wgsl'

/** What the pieces of the shader are made of. */
export interface Parts extends AttentionForm, Layout {
  readonly head: HeadVectors
  /** Whether four neighbouring shares are one vector. */
  readonly wide: boolean
}

/** Where shares and sums are in a chunk's pool: f32, or vec4f where lanes write four at a time. */
export const shareAt = ({ wide }: Parts, query: string, key: string): string =>
  wide ? `pool[(${query}) * ${chunk / 4}u + (${key}) / 4u][(${key}) % 4u]` : `pool[(${query}) * ${chunk}u + ${key}]`

/** Where vector `at` of the sums of a chunk is in its pool: one place, or one for each of its components. */
function places({ wide, width, teams, pool, queries, headDim }: Parts, at: string): readonly string[] {
  if (wide) return [`pool[${at}]`]
  const offset = teams === 1 ? pool - queries * headDim : 0
  return Array.from({ length: width }, (_, c) => `pool[${offset}u + (${at}) * ${width}u + ${c}u]`)
}

/** That vector. */
export function loaded(parts: Parts, at: string): string {
  return `${parts.head.type}(${places(parts, at).join(', ')})`
}

/** Stores it. */
export function stored(parts: Parts, at: string, value: string): string {
  const components = parts.wide ? [''] : parts.head.components.map((c) => `.${c}`)
  return places(parts, at)
    .map((place, c) => `${place} = ${value}${components[c]};`)
    .join(' ')
}
