import { type Budget, chain, type Proposer, type SessionView } from '@outrider/core'
import type { LookupSizes } from './lookup-sizes'

/** Keeps an index of the n-grams of the committed text. */
export class HostLookup implements Proposer {
  readonly reusable = true
  /** For each n-gram the position after its latest place that has a continuation. */
  readonly #places = new Map<string, number>()
  /** Tokens whose n-grams are indexed. */
  #indexed = 0

  constructor(
    private readonly session: SessionView,
    private readonly sizes: LookupSizes,
  ) {}

  propose(budget: Budget): ReturnType<Proposer['propose']> {
    const { tokens } = this.session
    const { minNgram, maxNgram, tokens: most } = this.sizes
    this.#index(tokens)
    for (let size = Math.min(maxNgram, tokens.length - 1); size >= minNgram; size--) {
      const place = this.#places.get(key(tokens, tokens.length - size, size))
      if (place !== undefined) return chain(tokens.slice(place, place + Math.min(most, budget.nodes, budget.depth)))
    }
    return null
  }

  truncate(length: number): number {
    this.#places.clear()
    this.#indexed = 0
    return length
  }

  /** Indexes every n-gram that has a continuation: those that end before the last token. */
  #index(tokens: readonly number[]): void {
    const { minNgram, maxNgram } = this.sizes
    for (; this.#indexed < tokens.length - 1; this.#indexed++) {
      const end = this.#indexed + 1
      for (let size = minNgram; size <= Math.min(maxNgram, end); size++)
        this.#places.set(key(tokens, end - size, size), end)
    }
  }
}

function key(tokens: readonly number[], from: number, size: number): string {
  return tokens.slice(from, from + size).join()
}
