import { type ModelLocation, OutriderError, parentsFirst, type RankPaths, uniformPaths } from '@outrider/core'
import { MAX_TREE_ROWS } from '@outrider/core/spec'

/** How `eagle` drafts. At most one of `tokens`, `branches`, `choices` and `tree`. */
export interface EagleOptions {
  /** The head: a folder with `config.json` and safetensors, the URL of one, or a Hub id. */
  readonly head: ModelLocation
  /** Name in `generate({ strategy })`. Default `eagle`. */
  readonly name?: string
  /** Tokens of a chain. Default 5. */
  readonly tokens?: number
  /** A static tree by the children of each node, level by level: `[3, 2, 1]` has 15 nodes. */
  readonly branches?: readonly number[]
  /**
   * A static tree by its nodes: each is a path of ranks from the pending token, so that `[0, 2]` is the third choice below the
   * first. A path implies its beginnings. Where the budget of a round is smaller, the nodes that come first in the list are kept.
   */
  readonly choices?: RankPaths
  /** A tree that is grown anew each round where the head is sure (EAGLE-2). `{}` takes every default. */
  readonly tree?: TreeOptions
  /**
   * What the head's captured-layer ids mean: the residual stream `entering` a layer (SafeAILab, speculators, vLLM) or `leaving` it
   * (SpecForge, SGLang). Default: entering, but leaving for SpecForge's own choice of layers [1, L/2 - 1, L - 4].
   */
  readonly layerIds?: 'entering' | 'leaving'
  /** Captured layers, by the residual stream entering them, in place of those that the head's configuration names. */
  readonly layers?: readonly number[]
  /** Whose embedding drafts are read with. Default: the head's own where it has one, else the target's. */
  readonly embedding?: 'own' | 'target'
}

/** How a dynamic tree grows. */
export interface TreeOptions {
  /** Levels below the pending token, 1 to 32. Default 6. */
  readonly depth?: number
  /** Children of each node that is expanded, and nodes expanded a level, 1 to 32; (depth - 1) · topK is 255 at most. Default 8. */
  readonly topK?: number
  /** Nodes that are verified: the best of all that were drafted, 1 to 255 but for the engine's `maxRows` - 1. Default 31, a pass of 32 rows. */
  readonly nodes?: number
}

/** What is drafted each round: the nodes of a static tree (a chain is one), or how a dynamic tree grows. */
export type Shape =
  | { readonly paths: RankPaths; readonly grow?: undefined }
  | { readonly grow: Required<TreeOptions>; readonly paths?: undefined }

/** Most choices below one node, as `topK` gives them. */
const mostChoices = 32
/** Most levels of a tree. */
const mostLevels = 32

/** Throws `INVALID_OPTION`. */
export function draftShape({ tokens, branches, choices, tree }: EagleOptions): Shape {
  const given = Object.entries({ tokens, branches, choices, tree }).filter(([, value]) => value !== undefined)
  if (given.length > 1) refuse(`give one of ${given.map(([name]) => name).join(' and ')}`)
  if (tree) return { grow: growth(tree) }
  if (choices) return { paths: parentsFirst(choices, 'eagle') }
  if (branches) return { paths: uniformPaths(branches, 'eagle') }
  whole('tokens', tokens ?? 5, 1, mostLevels)
  return { paths: uniformPaths(new Array<number>(tokens ?? 5).fill(1), 'eagle') }
}

/** Checks the layer options. Throws `INVALID_OPTION`. */
export function checkLayerOptions({ layerIds, layers, embedding }: EagleOptions): void {
  if (layerIds !== undefined && layers !== undefined)
    refuse('layers are ids of layers that the residual stream enters: leave layerIds away')
  if (layerIds !== undefined && layerIds !== 'entering' && layerIds !== 'leaving')
    refuse(`layerIds must be 'entering' or 'leaving', not ${layerIds}`)
  if (embedding !== undefined && embedding !== 'own' && embedding !== 'target')
    refuse(`embedding must be 'own' or 'target', not ${embedding}`)
  if (layers?.length === 0) refuse('layers must name a layer at least')
}

function growth({ depth = 6, topK = 8, nodes = 31 }: TreeOptions): Required<TreeOptions> {
  whole('tree.depth', depth, 1, mostLevels)
  whole('tree.topK', topK, 1, mostChoices)
  whole('tree.nodes', nodes, 1, MAX_TREE_ROWS - 1)
  if ((depth - 1) * topK >= MAX_TREE_ROWS)
    refuse(
      `tree: ${depth - 1} levels of ${topK} expanded nodes are more than the ${MAX_TREE_ROWS - 1} that can be: lower depth or topK`,
    )
  return { depth, topK, nodes }
}

function whole(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to)
    refuse(`${name} must be a whole number from ${from} to ${to}, not ${value}`)
}

function refuse(what: string): never {
  throw new OutriderError('INVALID_OPTION', `eagle: ${what}`)
}
