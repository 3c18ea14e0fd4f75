/** How a shader reads head vectors of a cache: as words of a few vectors each. headDim is even. */
export interface HeadVectors {
  /** Elements of a vector: 4, or 2 where 4 do not divide the head. */
  readonly width: 2 | 4
  readonly type: 'vec4f' | 'vec2f'
  readonly components: readonly string[]
  /** A key is read in the widest words that divide it. */
  readonly key: { readonly type: string; readonly count: number; readonly vectors: number }
  /** A value is read a vector a word. */
  readonly value: { readonly type: string }
}

export function headVectors(dtype: 'f16' | 'f32', headDim: number): HeadVectors {
  const width = headDim % 4 === 0 ? 4 : 2
  const count = headDim / width
  const shape =
    width === 4
      ? ({ width, type: 'vec4f', components: ['x', 'y', 'z', 'w'] } as const)
      : ({ width, type: 'vec2f', components: ['x', 'y'] } as const)
  if (dtype === 'f32') return { ...shape, key: { type: shape.type, count, vectors: 1 }, value: { type: shape.type } }
  const value = { type: width === 4 ? 'vec2u' : 'u32' }
  const key =
    headDim % 8 === 0 ? { type: 'vec4u', count: count / 2, vectors: 2 } : { type: value.type, count, vectors: 1 }
  return { ...shape, key, value }
}

/** Expressions for the vectors of the word `w` of the given type. */
export function unpacked(type: string, w: string): readonly string[] {
  const halves = (a: string, b: string): string => `vec4f(unpack2x16float(${w}.${a}), unpack2x16float(${w}.${b}))`
  if (type === 'vec4u') return [halves('x', 'y'), halves('z', 'w')]
  if (type === 'vec2u') return [halves('x', 'y')]
  return [type === 'u32' ? `unpack2x16float(${w})` : w]
}
