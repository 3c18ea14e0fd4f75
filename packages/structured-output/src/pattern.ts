import { OutriderError } from '@outrider/core'
import { type Concatenation, type Element, type Expression, JS, type NoParent } from 'refa'
import { type Characters, charactersOf, choice, type Language, repeated, sequence } from './language'

/** Flags that say what a text may be; the others say how `RegExp` searches. */
const known = new Set(['d', 'g', 'i', 's', 'u', 'v', 'y'])
const everything = charactersOf([0, 0x10ffff])

/** How a pattern becomes a language. */
export interface PatternReading {
  /** For messages. */
  readonly name: string
  /** What a text has for one character out of a set. */
  readonly character: (set: Characters) => Language
  /** `whole`: the text is what the pattern matches; `part`: it holds that somewhere, unless `^` and `$` say where. */
  readonly extent: 'whole' | 'part'
}

/** The texts that a regular expression of JavaScript matches, read with the flag `u`. Throws `INVALID_OPTION`. */
export function patternLanguage(source: string, flags: string, reading: PatternReading): Language {
  const anything = reading.extent === 'part' ? repeated(reading.character(everything), 0) : null
  return choice(
    ...parse(source, flags, reading.name).alternatives.map(({ elements }) => {
      const from = isEdge(elements[0], 'behind') ? 1 : 0
      const to = elements.length > from && isEdge(elements.at(-1), 'ahead') ? elements.length - 1 : elements.length
      const middle = sequence(...elements.slice(from, to).map((element) => elementLanguage(element, reading, source)))
      return sequence(
        ...(anything && from === 0 ? [anything] : []),
        middle,
        ...(anything && to === elements.length ? [anything] : []),
      )
    }),
  )
}

function parse(source: string, flags: string, name: string): Expression {
  const wrong = [...flags].find((flag) => !known.has(flag))
  if (wrong) throw refused(name, source, `the flag ${wrong} is not supported: i, s, u and v are`)
  const unicode = flags.includes('v') ? flags : `${flags.replace('u', '')}u`
  try {
    const parser = JS.Parser.fromLiteral({ source, flags: unicode })
    return parser.parse({ assertions: 'parse', backreferences: 'throw' }).expression
  } catch (error) {
    throw refused(
      name,
      source,
      `${(error as Error).message}; it is read with the flag u, without backreferences`,
      error,
    )
  }
}

/** Whether an element is `^` or `$`: nothing stands on that side. */
function isEdge(element: NoParent<Element> | undefined, kind: 'behind' | 'ahead'): boolean {
  if (element?.type !== 'Assertion' || element.kind !== kind || !element.negate) return false
  const [only, ...more] = element.alternatives.flatMap(({ elements }) => elements)
  return more.length === 0 && only?.type === 'CharacterClass' && only.characters.isAll
}

function elementLanguage(element: NoParent<Element>, reading: PatternReading, source: string): Language {
  const inside = (alternatives: readonly NoParent<Concatenation>[]) =>
    choice(
      ...alternatives.map(({ elements }) => sequence(...elements.map((one) => elementLanguage(one, reading, source)))),
    )
  if (element.type === 'CharacterClass') return reading.character(element.characters)
  if (element.type === 'Alternation') return inside(element.alternatives)
  if (element.type === 'Quantifier') return repeated(inside(element.alternatives), element.min, element.max)
  throw refused(reading.name, source, 'of assertions only ^ at the beginning and $ at the end are supported')
}

function refused(name: string, source: string, why: string, cause?: unknown): OutriderError {
  return new OutriderError('INVALID_OPTION', `${name}: the pattern ${source} cannot be held to: ${why}`, {
    details: { pattern: source },
    cause,
  })
}
