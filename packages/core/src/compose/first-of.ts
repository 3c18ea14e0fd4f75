import { OutriderError } from '../errors'
import { building, Owned } from '../owned'
import type {
  Budget,
  Committed,
  Draft,
  Follow,
  LoadedStrategy,
  Program,
  Proposer,
  SessionView,
  Strategy,
  StrategyNeeds,
} from '../spec'

/**
 * Of several strategies the first that has something to say drafts each round: a lookup before a model, say. Every part sees
 * every outcome, also when another part drafted, and tokens are credited to the part that drafted them. The choice is made on
 * the host. Another name is given as to any strategy, `{ ...firstOf(a, b), name: 'mine' }`. Throws `INVALID_OPTION` without parts;
 * at load what the parts throw.
 *
 * @example
 * ```ts
 * import { firstOf } from '@outrider/core'
 * import { draftModel, lookup } from '@outrider/strategy-draft'
 *
 * const strategy = firstOf(lookup({ minNgram: 3 }), draftModel({ model: './models/stories-5m/draft' }))
 * ```
 */
export function firstOf(...parts: readonly Strategy[]): Strategy {
  if (parts.length === 0) throw new OutriderError('INVALID_OPTION', 'firstOf needs at least one strategy')
  return {
    specVersion: 1,
    name: `firstOf(${parts.map(({ name }) => name).join(', ')})`,
    needs: union(parts.map(({ needs }) => needs)),
    load: (host) =>
      building(async (owned) => {
        const loaded: { name: string; part: LoadedStrategy }[] = []
        for (const { name, load } of parts) {
          const part = await load(host)
          owned.add({ dispose: () => part.dispose?.() })
          loaded.push({ name, part })
        }
        return {
          needs: union(loaded.map(({ part }) => part.needs)),
          start: (session) => new FirstOf(loaded, session),
          dispose: () => owned.dispose(),
        }
      }),
  }
}

/** Everything that one of several needs. */
function union(needs: readonly (StrategyNeeds | undefined)[]): StrategyNeeds {
  return {
    finalHidden: needs.some((each) => each?.finalHidden),
    layerInputs: [...new Set(needs.flatMap((each) => each?.layerInputs ?? []))],
  }
}

class FirstOf implements Proposer {
  readonly #owned = new Owned()
  readonly #parts: readonly { readonly name: string; readonly proposer: Proposer }[]
  /** Whose draft is verified in this round. */
  #speaker: Proposer | null = null

  constructor(parts: readonly { readonly name: string; readonly part: LoadedStrategy }[], session: SessionView) {
    try {
      this.#parts = parts.map(({ name, part }) => {
        const proposer = part.start(session)
        this.#owned.add({ dispose: () => proposer.dispose?.() })
        return { name, proposer }
      })
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  async propose(budget: Budget): Promise<Draft> {
    this.#speaker = null
    for (const { name, proposer } of this.#parts) {
      const draft = await proposer.propose(budget)
      const nodes = draft === null ? 0 : 'programs' in draft ? draft.nodes : draft.tokens.length
      if (draft === null || nodes === 0) continue
      this.#speaker = proposer
      return { by: name, ...draft }
    }
    return null
  }

  follow(follow: Follow): readonly Program[] {
    return this.#parts.flatMap(
      ({ proposer }) => proposer.follow?.({ ...follow, own: this.#own(proposer, follow) }) ?? [],
    )
  }

  async observe(committed: Committed): Promise<void> {
    for (const { proposer } of this.#parts)
      await proposer.observe?.({ ...committed, own: this.#own(proposer, committed) })
  }

  truncate(length: number): number {
    return this.#parts.reduce((held, { proposer }) => Math.min(held, proposer.truncate?.(held) ?? held), length)
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #own(proposer: Proposer, { own }: { readonly own: boolean }): boolean {
    return own && proposer === this.#speaker
  }
}
