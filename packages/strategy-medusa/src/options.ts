import { type ModelLocation, OutriderError, parentsFirst, type RankPaths, uniformPaths } from '@outrider/core'
import { mcSim7b63 } from './choices'
import { type Growth, grownCandidates, mostCandidates, mostLevels } from './grown-candidates'

/** Most choices of a head, as `topK` gives them. */
export const mostChoices = 32

/** Most nodes of a tree that grows: as many as the published one has. */
const mostNodes = 63

/** How `medusa` drafts. At most one of `tokens`, `nodes`, `choices` and `tree`. */
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
  /** A tree that is grown anew each round where the heads are sure. `{}` takes every default. */
  readonly tree?: TreeOptions
}

/** How a tree grows where the heads are sure. */
export interface TreeOptions {
  /** Nodes that are verified, the best of all that the heads' choices make, 1 to 63. Default 15, a pass of 16 rows. */
  readonly nodes?: number
  /** Levels below the pending token, 1 to 5; as many heads run. Default 4, or as many as there are heads. */
  readonly depth?: number
  /** Choices of each head that are looked at, 1 to 32. Default 16. */
  readonly topK?: number
}

/** What is drafted each round: nodes of a static tree, parents first, null for a chain over all heads; or how a tree grows. */
export type Shape =
  | { readonly paths: RankPaths | null; readonly growth?: undefined }
  | { readonly growth: Growth; readonly paths?: undefined }

/** Throws `INVALID_OPTION`. */
export function draftShape(options: MedusaOptions): Shape {
  const { tokens, nodes, choices, tree } = options
  const given = Object.entries({ tokens, nodes, choices, tree }).filter(([, value]) => value !== undefined)
  if (given.length > 1)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: give one of ${given.map(([name]) => name).join(' and ')}: tokens is a chain, the others are trees`,
    )
  return tree ? { growth: growthOf(tree) } : { paths: plannedPaths(options) }
}

function growthOf({ nodes = 15, depth = 4, topK = 16 }: TreeOptions): Growth {
  const limits = { nodes: [nodes, mostNodes], depth: [depth, mostLevels], topK: [topK, mostChoices] } as const
  for (const [name, [value, most]] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new OutriderError(
        'INVALID_OPTION',
        `medusa: tree.${name} must be a whole number from 1 to ${most}, not ${value}`,
      )
  const growth = { nodes, depth, topK }
  const { length } = grownCandidates(growth).paths
  if (length > mostCandidates)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: tree: ${nodes} nodes may be any of ${length}, more than the ${mostCandidates} that are compared: lower nodes, depth or topK`,
    )
  return growth
}

function plannedPaths({ tokens, nodes, choices }: MedusaOptions): RankPaths | null {
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
