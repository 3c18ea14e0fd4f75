import { type Characters, character, charactersOf, choice, type Language, repeated, sequence, texts } from './language'

/** What stands between items, and between a key and its value. */
export interface Separators {
  readonly item: string
  readonly key: string
}

/** Characters that JSON writes with a backslash. */
const escaped = charactersOf([0, 0x1f], [0x22, 0x22], [0x5c, 0x5c])
const every = charactersOf([0, 0x10ffff])
const quote = texts('"')

/** A value as `JSON.stringify` writes it, with separators. */
export function jsonText(value: unknown, separators: Separators): string {
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, separators)).join(separators.item)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  const written = entries.map(([key, item]) => JSON.stringify(key) + separators.key + jsonText(item, separators))
  return `{${written.join(separators.item)}}`
}

/** One character of a string out of a set, as `JSON.stringify` writes it. */
export function jsonCharacter(set: Characters): Language {
  const special = [...set.intersect(escaped).characters()].map((point) => String.fromCodePoint(point))
  const plain = character(set.without(escaped))
  return special.length === 0 ? plain : choice(plain, texts(...special.map((one) => JSON.stringify(one).slice(1, -1))))
}

const anyCharacter = jsonCharacter(every)

/** What stands between the quotes of a string of `min` to `max` code points. */
export function jsonCharacters(min: number, max: number): Language {
  return repeated(anyCharacter, min, max)
}

/** A string with what stands between its quotes. */
export function quoted(content: Language): Language {
  return sequence(quote, content, quote)
}

/** `min` to `max` items between brackets or braces. */
export function listed(item: Language, min: number, max: number, separator: string): Language {
  if (max < min) return choice()
  const none = texts('')
  if (max === 0) return none
  const more = repeated(sequence(texts(separator), item), Math.max(0, min - 1), max - 1)
  const some = sequence(item, more)
  return min === 0 ? choice(none, some) : some
}
