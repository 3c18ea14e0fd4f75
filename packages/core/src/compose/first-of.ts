import type { Budget, Draft, Strategy } from '../spec'
import { Composition, compose, credited } from './parts'

/**
 * Of several strategies the first that has something to say drafts each round: a lookup before a model, say. Every part sees
 * every outcome, also when another part drafted, and tokens are credited to the part that drafted them. The choice is made on
 * the host. Another name is given as to any strategy, `{ ...firstOf(a, b), name: 'mine' }`. Throws `INVALID_OPTION` without parts,
 * `STRATEGY_DUPLICATE` where two have one name; at load what the parts throw.
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
  return compose('firstOf', parts, (loaded, session) => new FirstOf(loaded, () => session))
}

class FirstOf extends Composition {
  async propose(budget: Budget): Promise<Draft> {
    this.speaker = null
    for (const part of this.parts) {
      const draft = await this.ask(part, budget)
      if (draft === null) continue
      this.speaker = part
      return credited(draft, part)
    }
    return null
  }
}
