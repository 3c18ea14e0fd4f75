import {
  chain,
  type LoadedStrategy,
  OutriderError,
  type Proposer,
  type SessionView,
  type Strategy,
} from '@outrider/core'

/** How `lookup` searches. */
export interface LookupOptions {
  /** Name in `generate({ strategy })`. Default `lookup`. */
  readonly name?: string
  /** Longest end of the text that is searched for, tokens. Default 3, as the original prompt lookup. */
  readonly maxNgram?: number
  /** Shortest end of the text that is searched for, tokens. Default 1. */
  readonly minNgram?: number
  /** Most tokens to propose a round. Default 10. */
  readonly tokens?: number
}

/**
 * Prompt lookup decoding: finds the longest end of the text (at most `maxNgram` tokens) that stands earlier in prompt or output,
 * at its latest place, and proposes what followed it there. No model, no device work. Saxena 2023. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { lookup } from '@outrider/strategy-draft'
 *
 * const strategy = lookup({ maxNgram: 4, tokens: 8 })
 * ```
 */
export function lookup(options: LookupOptions = {}): Strategy {
  const { name = 'lookup', maxNgram = 3, minNgram = 1, tokens = 10 } = options
  for (const [option, value] of Object.entries({ maxNgram, minNgram, tokens }))
    if (!Number.isInteger(value) || value < 1)
      throw new OutriderError('INVALID_OPTION', `lookup: ${option} must be a whole number of at least 1, not ${value}`)
  if (minNgram > maxNgram)
    throw new OutriderError('INVALID_OPTION', `lookup: minNgram ${minNgram} exceeds maxNgram ${maxNgram}`)
  const loaded: LoadedStrategy = { start: (session) => new LookupProposer(session, minNgram, maxNgram, tokens) }
  return { specVersion: 1, name, load: async () => loaded }
}

class LookupProposer implements Proposer {
  /** For each n-gram the position after its latest place that has a continuation. */
  readonly #places = new Map<string, number>()
  /** Tokens whose n-grams are indexed. */
  #indexed = 0

  constructor(
    private readonly session: SessionView,
    private readonly minNgram: number,
    private readonly maxNgram: number,
    private readonly most: number,
  ) {}

  propose(budget: { readonly nodes: number; readonly depth: number }): ReturnType<Proposer['propose']> {
    const { tokens } = this.session
    this.#index(tokens)
    for (let size = Math.min(this.maxNgram, tokens.length - 1); size >= this.minNgram; size--) {
      const place = this.#places.get(key(tokens, tokens.length - size, size))
      if (place !== undefined)
        return chain(tokens.slice(place, place + Math.min(this.most, budget.nodes, budget.depth)))
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
    for (; this.#indexed < tokens.length - 1; this.#indexed++) {
      const end = this.#indexed + 1
      for (let size = this.minNgram; size <= Math.min(this.maxNgram, end); size++)
        this.#places.set(key(tokens, end - size, size), end)
    }
  }
}

function key(tokens: readonly number[], from: number, size: number): string {
  return tokens.slice(from, from + size).join()
}
