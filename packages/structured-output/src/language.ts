import { CharSet, DFA, ENFA, NFA } from 'refa'
import { utf8Ranges } from './utf8'

/** A set of texts, as an automaton over their UTF-8 bytes. The functions here leave what they are given as it is. */
export type Language = ENFA

/** Code points. */
export type Characters = CharSet

const bytes = { maxCharacter: 0xff }
const encoder: TextEncoder = new TextEncoder()
/** Nodes beyond which refa throws `TooManyNodesError`: of a language on its way, and of one that is compiled (1 KB a state). */
const limit = 200_000
const determinedLimit = 50_000

const nodes = (): ENFA.LimitedNodeFactory => new ENFA.LimitedNodeFactory(limit)

/** The code points in ranges of them. */
export function charactersOf(...ranges: readonly (readonly [from: number, to: number])[]): Characters {
  return CharSet.empty(0x10ffff).union(ranges.map(([min, max]) => ({ min, max })))
}

/** Exactly these texts. */
export function texts(...all: readonly string[]): Language {
  return ENFA.fromWords(
    all.map((text) => [...encoder.encode(text)]),
    bytes,
    nodes(),
  )
}

/** One character out of a set; surrogates are none. */
export function character(set: Characters): Language {
  const words = set.ranges.flatMap(({ min, max }) => utf8Ranges(min, max))
  return least(
    ENFA.fromWordSets(
      words.map((ranges) => ranges.map(([min, max]) => CharSet.fromRange(0xff, { min, max }))),
      bytes,
      nodes(),
    ),
  )
}

/** One after another. */
export function sequence(...parts: readonly Language[]): Language {
  const all = texts('') // refa 0.12.1's ENFA.emptyWord holds no word at all
  for (const part of parts) all.append(part, nodes())
  return all
}

/** Any of them; of none no text at all. */
export function choice(...parts: readonly Language[]): Language {
  const all = ENFA.empty(bytes, nodes())
  for (const part of parts) all.union(part, undefined, nodes())
  return all
}

/** `min` to `max` times; no text where `max` is less. */
export function repeated(part: Language, min: number, max: number = Number.POSITIVE_INFINITY): Language {
  if (max < min) return choice()
  if (max === 0) return sequence()
  const all = part.copy(nodes())
  all.quantify(min, max, undefined, nodes())
  return all
}

/** What is in both. */
export function both(left: Language, right: Language): Language {
  return ENFA.fromFA(NFA.fromIntersection(left, right, new NFA.LimitedNodeFactory(limit)), nodes())
}

/** The same texts with as few nodes as they need: worth it for what is then repeated. */
export function least(language: Language): Language {
  return ENFA.fromFA(determined(language), nodes())
}

/** The least deterministic automaton. */
export function determined(language: Language): DFA {
  const dfa = DFA.fromFA(language, new DFA.LimitedNodeFactory(determinedLimit))
  dfa.minimize()
  return dfa
}
