import { type Constraint, type ConstraintMatcher, type ConstraintVocabulary, OutriderError } from '@outrider/core'
import type { Automaton } from './automaton'
import { TokenMasks } from './token-masks'
import { type Vocabulary, vocabularyOf } from './vocabulary'

/** The text has ended; nothing but `eos` follows. */
const ended = -2

/** Holds generations to an automaton; what is computed for a vocabulary serves all that share it. */
export function tokenConstraint(name: string, automaton: Automaton): Constraint {
  const known = new WeakMap<Vocabulary, TokenMasks>()
  return {
    specVersion: 1,
    name,
    start: (tokens) => {
      const vocabulary = vocabularyOf(tokens)
      const masks = known.get(vocabulary) ?? new TokenMasks(automaton, vocabulary)
      known.set(vocabulary, masks)
      check(name, tokens, masks)
      return new AutomatonMatcher(name, masks)
    },
  }
}

function check(name: string, { eos }: ConstraintVocabulary, masks: TokenMasks): void {
  const fault = (why: string) => new OutriderError('CONSTRAINT_FAILED', `constraint ${name}: ${why}`)
  if (eos.length === 0)
    throw fault('this model has no token that ends a text, so that a complete one could not end: give it an eos token')
  if (!masks.possible) throw fault('the tokens of this model cannot spell any text that it allows')
}

/** A place in an automaton; a path of a draft starts from the place of what was accepted. */
class AutomatonMatcher implements ConstraintMatcher {
  #state: number

  constructor(
    private readonly name: string,
    private readonly masks: TokenMasks,
  ) {
    this.#state = masks.automaton.initial
  }

  mask(path: readonly number[]): Uint32Array {
    const state = this.#follow(path)
    if (state !== ended) return this.masks.mask(state)
    const only = new Uint32Array(this.masks.vocabulary.words)
    for (const id of this.masks.vocabulary.eos) only[id >>> 5] = (only[id >>> 5] as number) | (1 << (id & 31))
    return only
  }

  accept(tokens: readonly number[]): void {
    this.#state = this.#follow(tokens)
  }

  #follow(tokens: readonly number[]): number {
    const { automaton, vocabulary } = this.masks
    let state = this.#state
    for (const token of tokens) {
      const ends = vocabulary.eos.includes(token) && (state === ended || automaton.complete[state] === true)
      const next = ends ? ended : state === ended ? -1 : this.masks.after(state, token)
      if (next === -1)
        throw new OutriderError('CONSTRAINT_FAILED', `constraint ${this.name} does not allow the token ${token} here`)
      state = next
    }
    return state
  }
}
