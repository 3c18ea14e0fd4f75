import type { Constraint, ConstraintVocabulary } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { jsonSchema, regex } from '../src'
import { allowed, startOn, vocabularyOf } from './support/vocabularies'

const encoder = new TextEncoder()
const latin1 = (bytes: Iterable<number>) => String.fromCharCode(...bytes)
/** A text's UTF-8 bytes, one a character. */
const bytesOf = (text: string) => latin1(encoder.encode(text))

/** What a language and some tokens come to by trying everything: the texts are all there are. */
class Tried {
  readonly #tokens: readonly (string | undefined)[]
  readonly #texts: readonly string[]
  readonly #spellable: Map<string, boolean> = new Map([['', true]])

  constructor(
    texts: readonly string[],
    private readonly vocabulary: ConstraintVocabulary,
  ) {
    this.#texts = texts.map(bytesOf)
    this.#tokens = Array.from({ length: vocabulary.vocab }, (_, id) => {
      const bytes = vocabulary.bytes(id)
      return bytes?.length ? latin1(bytes) : undefined
    })
  }

  /** Tokens after which some text can be completed with tokens. */
  after(before: string): readonly number[] {
    const on = this.#tokens.flatMap((token, id) => (token !== undefined && this.#completes(before + token) ? [id] : []))
    return this.#texts.includes(before) ? [...on, ...this.vocabulary.eos] : on
  }

  /** Every place that tokens lead to, as the path there. */
  places(): readonly (readonly number[])[] {
    const paths: (readonly number[])[] = [[]]
    for (const path of paths) {
      if (paths.length > 4000) throw new Error('too many places')
      for (const id of this.after(this.spelled(path))) if (this.#tokens[id] !== undefined) paths.push([...path, id])
    }
    return paths
  }

  spelled(path: readonly number[]): string {
    return path.map((id) => this.#tokens[id]).join('')
  }

  #completes(before: string): boolean {
    return this.#texts.some((text) => text.startsWith(before) && this.#canSpell(text.slice(before.length)))
  }

  #canSpell(rest: string): boolean {
    const known = this.#spellable.get(rest)
    if (known !== undefined) return known
    const can = this.#tokens.some(
      (token) => token !== undefined && rest.startsWith(token) && this.#canSpell(rest.slice(token.length)),
    )
    this.#spellable.set(rest, can)
    return can
  }
}

/** Every word over an alphabet up to a length. */
function words(alphabet: readonly string[], longest: number): readonly string[] {
  let last = ['']
  const all = ['']
  for (let length = 1; length <= longest; length++) {
    last = last.flatMap((word) => alphabet.map((letter) => word + letter))
    all.push(...last)
  }
  return all
}

const matching = (pattern: RegExp, alphabet: readonly string[], longest: number) =>
  words(alphabet, longest).filter((word) => new RegExp(`^(?:${pattern.source})$`, 'u').test(word))

interface Case {
  readonly constraint: Constraint
  readonly texts: readonly string[]
  readonly tokens: readonly (string | readonly number[] | null)[]
}

const json = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value))
const small = {
  type: 'object',
  properties: { a: { enum: ['x', 'é"'] }, n: { type: 'integer', minimum: 8, maximum: 12 } },
}
const smallTexts = json([undefined, 'x', 'é"'].flatMap((a) => [undefined, 8, 9, 10, 11, 12].map((n) => ({ a, n }))))

const cases: Readonly<Record<string, Case>> = {
  'a pattern': {
    constraint: regex(/(?:ab|c){1,3}d?/),
    texts: matching(/(?:ab|c){1,3}d?/, ['a', 'b', 'c', 'd'], 7),
    tokens: ['a', 'b', 'c', 'd', 'ab', 'abc', 'bc', 'ca', 'cd', 'dd', '', null, 'ab'],
  },
  'characters of two to four bytes, in tokens that cut them anywhere': {
    constraint: regex(/[é中😀]{1,2}!/u),
    texts: matching(/[é中😀]{1,2}!/u, ['é', '中', '😀', '!'], 3),
    tokens: [
      'é',
      '中',
      [0xc3],
      [0xa9],
      [0xe4, 0xb8],
      [0xad],
      [0xf0, 0x9f, 0x98],
      [0x80],
      [0x80, 0x21],
      '!',
      [0xad, 0xc3],
      [0xff],
    ],
  },
  'tokens that cannot spell everything: what ends dead is barred': {
    constraint: regex(/ab(?:cd|ce)|a(?:bf|g)|q/),
    texts: ['abcd', 'abce', 'abf', 'ag', 'q'],
    tokens: ['a', 'ab', 'b', 'c', 'd', 'gg'],
  },
  'a schema of an object': {
    constraint: jsonSchema(small),
    texts: smallTexts,
    tokens: [
      '{"',
      '{',
      '"',
      'a',
      'n',
      ':',
      '":',
      '":"',
      ',',
      ',"',
      '1',
      '10',
      '2',
      '0',
      '8',
      '9',
      '}',
      '"}',
      'x',
      [0xc3],
      [0xa9],
      '\\"',
      '\\',
      'é',
      '12}',
      ' ',
    ],
  },
  'a schema of nested arrays, spaced': {
    constraint: jsonSchema(
      { type: 'array', items: { type: 'array', items: { type: 'boolean' }, maxItems: 1 }, minItems: 1, maxItems: 2 },
      { spaced: true },
    ),
    texts: [[], [true], [false]]
      .flatMap((a) => [[a], ...[[], [true], [false]].map((b) => [a, b])])
      .map((value) => JSON.stringify(value).replaceAll(',', ', ')),
    tokens: ['[', ']', '[[', ']]', '], [', ', ', ',', ' ', 'true', 'tr', 'ue', 'false', 'f', 'alse', 'e]'],
  },
}

describe.each(Object.entries(cases))('%s', (_, { constraint, texts, tokens }) => {
  const vocabulary = vocabularyOf(tokens)
  const tried = new Tried(texts, vocabulary)
  const places = tried.places()

  test('a token is allowed where, and only where, some completion exists', () => {
    expect(places.length).toBeGreaterThan(4)
    for (const path of places) {
      const matcher = startOn(constraint, vocabulary)
      const expected = [...tried.after(tried.spelled(path))].sort((a, b) => a - b)
      expect([path, allowed(matcher, path)]).toEqual([path, expected])
      matcher.accept(path)
      expect(allowed(matcher)).toEqual(expected)
    }
  })

  test('a path may start anywhere, and asking changes nothing', () => {
    for (const path of places.filter(({ length }) => length > 1))
      for (const cut of [1, path.length - 1]) {
        const matcher = startOn(constraint, vocabulary)
        matcher.accept(path.slice(0, cut))
        const before = allowed(matcher)
        expect(allowed(matcher, path.slice(cut))).toEqual(allowed(startOn(constraint, vocabulary), path))
        expect(allowed(matcher)).toEqual(before)
      }
  })
})

test('what follows the end is the end', () => {
  const vocabulary = { ...vocabularyOf(['a', 'b']), eos: [2, 1] }
  const matcher = startOn(regex('aa?'), vocabulary)
  expect(allowed(matcher)).toEqual([0])
  expect(allowed(matcher, [0])).toEqual([0, 1, 2])
  expect(allowed(matcher, [0, 1])).toEqual([1, 2])
  expect(allowed(matcher, [0, 0, 2, 2])).toEqual([1, 2])
  matcher.accept([0, 2])
  expect(allowed(matcher)).toEqual([1, 2])
})

test('generations at once do not touch each other, and share what was computed', () => {
  const constraint = regex('ab|ba')
  const vocabulary = vocabularyOf(['a', 'b'])
  const [one, other] = [startOn(constraint, vocabulary), startOn(constraint, { ...vocabulary })]
  expect(one.mask([])).toBe(other.mask([]))
  one.accept([0])
  other.accept([1])
  expect([allowed(one), allowed(other)]).toEqual([[1], [0]])
})

describe('errors', () => {
  const fails = (work: () => unknown) => {
    try {
      work()
    } catch (error) {
      return error
    }
    return null
  }
  const failed = { code: 'CONSTRAINT_FAILED' }

  test('a model without an end, and tokens that spell no text, are told at the start', () => {
    expect(fails(() => startOn(regex('a'), { ...vocabularyOf(['a']), eos: [] }))).toMatchObject(failed)
    expect(fails(() => startOn(regex('ab'), vocabularyOf(['a', 'c'])))).toMatchObject(failed)
  })

  test('a token that may not stand where it is put is named', () => {
    const matcher = startOn(regex('ab'), vocabularyOf(['a', 'b']))
    for (const tokens of [[1], [0, 0], [2], [0, 1, 2, 0], [7]])
      expect(fails(() => matcher.accept(tokens))).toMatchObject(failed)
    expect(allowed(matcher)).toEqual([0])
  })
})
