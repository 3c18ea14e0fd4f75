import type { Constraint, ConstraintVocabulary } from '@outrider/core'

/** Letters of a word and words of a sentence at most. */
const limits = { letters: 4, words: 5 } as const

/** Where a text stands: words of the sentence that are complete, letters of the one at its end; `end`: after a full stop. */
interface Place {
  readonly words: number
  readonly letters: number
  readonly end: boolean
}

const start: Place = { words: 0, letters: 0, end: false }

/** After one byte of UTF-8; null where it may not follow. */
function step({ words, letters, end }: Place, byte: number): Place | null {
  const character = String.fromCharCode(byte)
  if (/[A-Za-z]/.test(character))
    return end || letters === limits.letters ? null : { words, letters: letters + 1, end: false }
  if (character === ' ') {
    if (end || words + letters === 0) return { words: 0, letters: 0, end: false }
    return letters > 0 && words + 1 < limits.words ? { words: words + 1, letters: 0, end: false } : null
  }
  return character === '.' && letters > 0 ? { words: 0, letters: 0, end: true } : null
}

function walk(place: Place, bytes: Uint8Array): Place | null {
  let at: Place | null = place
  for (const byte of bytes) at = at && step(at, byte)
  return at
}

/** Whether a text is the beginning of one that `shortWords` allows. */
export function hasShortWords(text: string): boolean {
  return walk(start, new TextEncoder().encode(text)) !== null
}

/**
 * Sentences of at most five words of at most four letters, which end with a full stop; the text may end after one. An automaton over
 * the bytes that tokens spell, written by hand.
 */
export const shortWords: Constraint = {
  specVersion: 1,
  name: 'short-words',
  start: (vocabulary) => {
    const masks = new Map<string, Uint32Array>()
    const after = (place: Place, tokens: readonly number[]): Place =>
      tokens.reduce<Place>((at, id) => {
        const next = vocabulary.eos.includes(id) ? at : walk(at, vocabulary.bytes(id) ?? new Uint8Array(0))
        if (!next) throw new Error(`token ${id} was not allowed`)
        return next
      }, place)
    let accepted = start
    return {
      mask: (path) => {
        const place = after(accepted, path)
        const key = JSON.stringify(place)
        const mask = masks.get(key) ?? maskOf(place, vocabulary)
        masks.set(key, mask)
        return mask
      },
      accept: (tokens) => {
        accepted = after(accepted, tokens)
      },
    }
  },
}

function maskOf(place: Place, { vocab, eos, bytes }: ConstraintVocabulary): Uint32Array {
  const mask = new Uint32Array(Math.ceil(vocab / 32))
  for (let id = 0; id < vocab; id++) {
    const spelled = bytes(id)
    const allowed = eos.includes(id) ? place.end : spelled && spelled.length > 0 && walk(place, spelled) !== null
    if (allowed) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
  }
  return mask
}
