import { type ModelLocation, OutriderError, parentsFirst, type RankPaths, uniformPaths } from '@outrider/core'

/** How `medusa` drafts. */
export interface MedusaOptions {
  /** The heads: a folder or file of safetensors, a URL or a Hub id. A checkpoint with target and heads in one will do. */
  readonly head: ModelLocation
  /** Name in `generate({ strategy })`. Default `medusa`. */
  readonly name?: string
  /** A chain of so many tokens, one a head. Default: as many as there are heads. Not together with `choices`. */
  readonly tokens?: number
  /**
   * A tree (see `mcSim7b63`, `bestPaths`). A path implies its beginnings; paths longer than there are heads are left out. Where
   * the budget of a round is smaller than the tree, the nodes that come first in the list are kept.
   */
  readonly choices?: RankPaths
}

/** Nodes of the tree, parents first, or null for a chain over all heads. Throws `INVALID_OPTION`. */
export function plannedPaths({ tokens, choices }: MedusaOptions): RankPaths | null {
  if (tokens !== undefined && choices !== undefined)
    throw new OutriderError('INVALID_OPTION', 'medusa: give either tokens (a chain) or choices (a tree)')
  if (choices) return parentsFirst(choices, 'medusa')
  if (tokens === undefined) return null
  if (!Number.isInteger(tokens) || tokens < 1)
    throw new OutriderError('INVALID_OPTION', `medusa: tokens must be a whole number of at least 1, not ${tokens}`)
  return uniformPaths(new Array<number>(tokens).fill(1), 'medusa')
}
