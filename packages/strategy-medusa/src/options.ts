import { type ModelLocation, OutriderError, parentsFirst, type RankPaths, uniformPaths } from '@outrider/core'
import { mcSim7b63 } from './choices'

/** How `medusa` drafts. At most one of `tokens`, `nodes` and `choices`. */
export interface MedusaOptions {
  /** The heads: a folder or file of safetensors, a URL or a Hub id. A checkpoint with target and heads in one will do. */
  readonly head: ModelLocation
  /** Name in `generate({ strategy })`. Default `medusa`. */
  readonly name?: string
  /** A chain of so many tokens, one a head. Default: as many as there are heads. */
  readonly tokens?: number
  /** A tree: so many of the nodes of `mcSim7b63`, the best first, 1 to 63. */
  readonly nodes?: number
  /**
   * A tree (see `mcSim7b63`, `bestPaths`). A path implies its beginnings; paths longer than there are heads are left out. Where
   * the budget of a round is smaller than the tree, the nodes that come first in the list are kept.
   */
  readonly choices?: RankPaths
}

/** Nodes of the tree, parents first, or null for a chain over all heads. Throws `INVALID_OPTION`. */
export function plannedPaths({ tokens, nodes, choices }: MedusaOptions): RankPaths | null {
  const given = Object.entries({ tokens, nodes, choices }).filter(([, value]) => value !== undefined)
  if (given.length > 1)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: give one of ${given.map(([name]) => name).join(' and ')}: tokens is a chain, nodes and choices are trees`,
    )
  if (nodes !== undefined && !(Number.isInteger(nodes) && nodes >= 1 && nodes <= mcSim7b63.length))
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: nodes must be a whole number from 1 to ${mcSim7b63.length}, not ${nodes}`,
    )
  if (nodes !== undefined) return mcSim7b63.slice(0, nodes)
  if (choices) return parentsFirst(choices, 'medusa')
  if (tokens === undefined) return null
  if (!Number.isInteger(tokens) || tokens < 1)
    throw new OutriderError('INVALID_OPTION', `medusa: tokens must be a whole number of at least 1, not ${tokens}`)
  return uniformPaths(new Array<number>(tokens).fill(1), 'medusa')
}
