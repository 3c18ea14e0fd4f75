import { OutriderError, type Strategy } from '@outrider/core'
import { EarlyExitProposer } from './early-exit-proposer'
import { checkFirstLevel, levels } from './options'

/** How `earlyExit` drafts. */
export interface EarlyExitOptions {
  /** How many of the target's layers draft, from its first on: at least 1, and fewer than it has. */
  readonly layer: number
  /** Name in `generate({ strategy })`. Default `early-exit`. */
  readonly name?: string
  /** Tokens of a chain. Default 5. Not together with `branches`. */
  readonly tokens?: number
  /** Children of each node by level, for a tree, as of `draftModel`: `[3, 2, 1]` is 15 nodes. */
  readonly branches?: readonly number[]
}

/**
 * Self-speculative decoding: the target's first `layer` layers, its final norm and its LM head draft, and verification goes on from
 * where they left off, so that no layer runs twice over a row. It shares the target's KV cache and has no weights and no state of
 * its own. Made for targets trained to exit early (LayerSkip, Elhoushi et al. 2024, arXiv 2404.16710; Draft & Verify, Zhang et al.
 * 2023, arXiv 2309.08168); others are seldom right so early. Throws `INVALID_OPTION`, at load where the target has too few layers.
 *
 * @example
 * ```ts
 * import { earlyExit } from '@outrider/strategy-draft'
 *
 * const chain = earlyExit({ layer: 4, tokens: 3 })
 * const tree = earlyExit({ layer: 4, name: 'early-exit-tree', branches: [3, 2] })
 * ```
 */
export function earlyExit(options: EarlyExitOptions): Strategy {
  const { layer, name = 'early-exit' } = options
  const children = levels(options, 'earlyExit')
  if (!Number.isInteger(layer) || layer < 1)
    throw new OutriderError('INVALID_OPTION', `earlyExit: layer must be a whole number of at least 1, not ${layer}`)
  return {
    specVersion: 1,
    name,
    load: async ({ target, maxRows }) => {
      const { layers } = target.config
      if (layer >= layers) {
        const instead = layers > 1 ? `choose 1 to ${layers - 1}` : 'no early exit leaves one of them to verify with'
        throw new OutriderError(
          'INVALID_OPTION',
          `earlyExit: layer ${layer} does not fit a target with layers: ${layers}; ${instead}`,
          { details: { layer, layers } },
        )
      }
      checkFirstLevel(children, maxRows, 'earlyExit')
      return { start: (session) => new EarlyExitProposer(session, target, layer, children) }
    },
  }
}
