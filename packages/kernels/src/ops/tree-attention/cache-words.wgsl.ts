import type { KvWords } from '../kv-words'

/** The elements of a cache word `w`: statements that unpack it, and an f32 expression for each element. */
export function elements({ type }: KvWords): { readonly lines: string; readonly values: readonly string[] } {
  if (type === 'vec4<f32>') return { lines: '', values: ['w.x', 'w.y', 'w.z', 'w.w'] }
  if (type === 'vec2<f32>') return { lines: '', values: ['w.x', 'w.y'] }
  const words = type === 'u32' ? ['w'] : ['w.x', 'w.y', 'w.z', 'w.w']
  return {
    lines: words.map((word, i) => `let h${i} = unpack2x16float(${word});`).join(' '),
    values: words.flatMap((_, i) => [`h${i}.x`, `h${i}.y`]),
  }
}

/** Elements 2 · `pair` and 2 · `pair` + 1 of the head vector whose first word is number `word`, as a vec2<f32> expression. */
export function elementPair({ type }: KvWords): string {
  if (type === 'u32') return 'unpack2x16float(kv[word + pair])'
  if (type === 'vec4<u32>') return 'unpack2x16float(kv[word + pair / 4u][pair % 4u])'
  if (type === 'vec2<f32>') return 'kv[word + pair]'
  return 'vec2<f32>(kv[word + pair / 2u][2u * (pair % 2u)], kv[word + pair / 2u][2u * (pair % 2u) + 1u])'
}
