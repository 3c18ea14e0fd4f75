import type { Budget, Draft, Strategy } from '../spec'
import { mergedOnHost, onHost, PartTrees, type Proposed } from './part-trees'
import { compose, type Questions } from './parts'

/** Shares above this are multiples of it, where another part's draft makes them vary. */
const step = 8

/**
 * Several strategies draft one tree each round: beginnings that are the same become the same nodes, and a token is credited to every
 * part that proposed it. The budget's nodes are shared: each part in turn is offered an equal share of what those before it left.
 * Every part sees every outcome. Trees are merged on the host where all parts drafted there, and on the device otherwise, within
 * the round's one submission. Throws `INVALID_OPTION` without parts, `STRATEGY_DUPLICATE` where two have one name; at load what
 * the parts throw.
 *
 * @example
 * ```ts
 * import { merged } from '@outrider/core'
 * import { lookup } from '@outrider/strategy-draft'
 * import { eagle } from '@outrider/strategy-eagle'
 *
 * const strategy = merged(lookup({ minNgram: 2, tokens: 6 }), eagle({ head: './models/stories-5m/eagle3', tree: {} }))
 * ```
 */
export function merged(...parts: readonly Strategy[]): Strategy {
  return compose('merged', parts, (loaded, session, host) => new Merged(loaded, session, host.target.config.vocab))
}

class Merged extends PartTrees {
  /** Asks the parts in turn. So nothing that was drafted is too much. */
  protected *ask(budget: Budget): Questions<readonly Proposed[]> {
    const proposed: Proposed[] = []
    let left = budget.nodes
    for (const at of this.parts.keys()) {
      if (left === 0) break
      const offered = { ...budget, nodes: share(left, this.parts.length - at, left === budget.nodes) }
      const found = yield* this.draftOf(at, offered)
      if (!found) continue
      proposed.push(found)
      left -= found.nodes
    }
    return proposed
  }

  /** A part's `computed` is dropped: its rows are other ones in the merged tree. */
  protected join(proposed: readonly Proposed[]): Draft {
    if (proposed.every(onHost)) return mergedOnHost(proposed)
    const nodes = proposed.reduce((sum, each) => sum + each.nodes, 0)
    return this.onDevice(proposed, 'beside', nodes)
  }
}

/**
 * What a part is offered of `left` nodes. Where the parts before it took some, a share is rounded down: a drafter on the device
 * records a program for each size that it is asked for, and a lookup takes another number of nodes each round.
 */
function share(left: number, parts: number, untouched: boolean): number {
  const equal = Math.max(1, Math.floor(left / parts))
  return untouched || equal < step ? equal : equal - (equal % step)
}
