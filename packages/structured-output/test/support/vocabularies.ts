import type { Constraint, ConstraintMatcher, ConstraintVocabulary } from '@outrider/core'

const encoder = new TextEncoder()

/** Tokens that spell texts or bytes; the last id ends a text. */
export function vocabularyOf(tokens: readonly (string | readonly number[] | null)[]): ConstraintVocabulary {
  const spelled = tokens.map((token) =>
    token === null ? undefined : typeof token === 'string' ? encoder.encode(token) : Uint8Array.from(token),
  )
  return { vocab: tokens.length + 1, eos: [tokens.length], bytes: (id) => spelled[id] }
}

/** Every byte as a token of its own. */
const everyByte: ConstraintVocabulary = vocabularyOf(Array.from({ length: 256 }, (_, byte) => [byte]))
const end = 256

/** A matcher that runs at once. */
export function startOn(constraint: Constraint, vocabulary: ConstraintVocabulary): ConstraintMatcher {
  return constraint.start(vocabulary) as ConstraintMatcher
}

/** Ids that a mask allows. */
export function allowed(matcher: ConstraintMatcher, path: readonly number[] = []): readonly number[] {
  const mask = matcher.mask(path) as Uint32Array
  return Array.from({ length: mask.length * 32 }, (_, id) => id).filter(
    (id) => ((mask[id >>> 5] as number) >>> (id & 31)) & 1,
  )
}

/** Whether a constraint takes a text from its first byte to its end. */
export function takes(constraint: Constraint, text: string): boolean {
  const matcher = startOn(constraint, everyByte)
  for (const byte of encoder.encode(text)) {
    if (!allowed(matcher).includes(byte)) return false
    matcher.accept([byte])
  }
  return allowed(matcher).includes(end)
}

/** A text drawn byte by byte out of what is allowed; it ends where it may with the chance `ends`. */
export function drawn(constraint: Constraint, random: () => number, ends = 0.2): string {
  const matcher = startOn(constraint, everyByte)
  const bytes: number[] = []
  for (;;) {
    const all = allowed(matcher)
    const on = all.filter((id) => id !== end)
    if (all.includes(end) && (on.length === 0 || random() < ends)) break
    const byte = on[Math.floor(random() * on.length)]
    if (byte === undefined) throw new Error(`a dead end after ${new TextDecoder().decode(Uint8Array.from(bytes))}`)
    matcher.accept([byte])
    bytes.push(byte)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
}

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
