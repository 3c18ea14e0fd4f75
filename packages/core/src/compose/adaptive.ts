import type { NamedStrategy } from '../decode'
import { OutriderError } from '../errors'
import type { CostCurve, Strategy } from '../spec'
import { ClockedCost, nothingTimed } from './adaptive-clock'
import { defaultCurve, defaultDraftCost, PinnedCost } from './adaptive-cost'
import { AdaptiveProposer } from './adaptive-proposer'
import { compose } from './parts'
import { nothingKnown } from './shape-estimates'

/** How `adaptive` weighs what it chooses. */
export interface AdaptiveOptions {
  /**
   * What a verify pass costs, in any unit, in place of what is measured on the device: then the clock is not asked either, nor what
   * other sessions learned, and every run decides alike.
   */
  readonly cost?: CostCurve
  /** What drafting a level costs where the clock is not asked, in one-row passes of the target. Default 0.1. */
  readonly draftCost?: number
  /**
   * Trees of a part that takes the tree to draft (`Proposer.shapes`): `measured`, those that bring the most, by its acceptance by level
   * and rank, of its own levels at most; or the beginnings of its `own`. Default `measured`.
   */
  readonly trees?: 'measured' | 'own'
}

/**
 * Lets a strategy draft as much as pays: a round's budget is the number of nodes that brings the most tokens for the time, by the
 * acceptance seen so far, the device's measured cost of verifying and the time that drafting took; where nothing pays it does not
 * speculate, and tries again now and then. A part that takes the shape of its trees is told the one that is worth most, as in Sequoia
 * (Chen et al. 2024, arXiv 2402.12374), by acceptance by level and rank in the
 * engine's sessions so far. `stats.report` says what was chosen and why. Outcomes of rounds decide, never the draft
 * at hand, so text stays as it was; where the acceptance rule promises less than the same tokens, nothing measured decides either:
 * costs are those of the options or a default curve, and a seed repeats. Speed-up as in Leviathan et al. 2022 (arXiv 2211.17192), with
 * the cost of verification in the formula. Another name is given as to any strategy, `{ ...adaptive(a), name: 'mine' }`. Throws
 * `INVALID_OPTION`; at load what the part and measuring throw.
 *
 * @example
 * ```ts
 * import { adaptive, firstOf } from '@outrider/core'
 * import { draftModel, lookup } from '@outrider/strategy-draft'
 *
 * const strategy = firstOf(lookup({ minNgram: 3 }), adaptive(draftModel({ model: './models/stories-5m/draft', tokens: 8 })))
 * ```
 */
export function adaptive(part: Strategy, options: AdaptiveOptions = {}): Strategy {
  check(options)
  const { cost: pinned, draftCost = defaultDraftCost, trees = 'measured' } = options
  const composed = (measured: CostCurve | null) => {
    // What measured sessions learn of trees and of time the next begin with: each new tree has to be recorded, and to be tried.
    const learned = nothingKnown()
    const times = measured && nothingTimed(measured)
    return compose('adaptive', [part], ([loaded], session) => {
      const clocked = measured !== null && session.guarantee === 'same-tokens'
      const curve = clocked ? measured : (pinned ?? defaultCurve)
      const cost = times && clocked ? new ClockedCost(curve, times) : new PinnedCost(curve, draftCost)
      const source = { from: clocked ? 'measured' : 'pinned', rows: curve.rows, ms: curve.ms }
      const known = clocked ? () => learned : nothingKnown
      return new AdaptiveProposer(loaded as NamedStrategy, session, cost, source, trees === 'measured' ? known : null)
    })
  }
  return {
    ...composed(null),
    load: async (host) => composed(pinned ? null : await host.verifyCost()).load(host),
  }
}

function check({ cost, draftCost = defaultDraftCost, trees = 'measured' }: AdaptiveOptions): void {
  if (trees !== 'measured' && trees !== 'own')
    throw new OutriderError('INVALID_OPTION', `adaptive: trees must be 'measured' or 'own', not ${trees}`)
  if (!Number.isFinite(draftCost) || draftCost < 0)
    throw new OutriderError('INVALID_OPTION', `adaptive: draftCost must be a number of at least 0, not ${draftCost}`)
  if (!cost) return
  const { rows, ms } = cost
  const ascending = rows[0] === 1 && rows.every((row, i) => Number.isInteger(row) && row > (rows[i - 1] ?? 0))
  if (!ascending || ms.length !== rows.length || !ms.every((each) => Number.isFinite(each) && each > 0))
    throw new OutriderError(
      'INVALID_OPTION',
      'adaptive: cost needs rows that ascend from 1 and as many ms, each above 0: { rows: [1, 8], ms: [2, 2.5] }',
    )
}
