import type { Budget, Draft, Strategy } from '../spec'
import { PartTrees, type Proposed } from './part-trees'
import { compose, type Questions } from './parts'

/**
 * Of several strategies the first that has something to say drafts each round: a lookup before a model, say. Every part sees
 * every outcome, also when another part drafted, and tokens are credited to the part that drafted them. The host chooses, and asks no
 * further than it has to; where only the device knows whether a part has found something (`DeviceDraft.fewer`), the next part drafts as
 * well, and the device chooses. Another name is given as to any strategy, `{ ...firstOf(a, b), name: 'mine' }`. Throws
 * `INVALID_OPTION` without parts, `STRATEGY_DUPLICATE` where two have one name; at load what the parts throw.
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
  return compose('firstOf', parts, (loaded, session, host) => new FirstOf(loaded, session, host.target.config.vocab))
}

class FirstOf extends PartTrees {
  /** Drafts that may come to nothing, and the first that does not. */
  protected *ask(budget: Budget): Questions<readonly Proposed[]> {
    const proposed: Proposed[] = []
    for (const at of this.parts.keys()) {
      const found = yield* this.draftOf(at, budget)
      if (found) proposed.push(found)
      if (found && !('programs' in found.draft && found.draft.fewer)) break
    }
    return proposed
  }

  /** The last of them stands in the session's tree until one before it has a node. */
  protected join(proposed: readonly Proposed[]): Draft {
    return this.onDevice(proposed.toReversed(), 'before', Math.max(...proposed.map(({ nodes }) => nodes)))
  }
}
