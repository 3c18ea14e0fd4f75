import { type ModelLocation, OutriderError, parentsFirst, type RankPaths, uniformPaths } from '@outrider/core'

/** How `mtp` drafts. At most one of `tokens`, `branches` and `choices`. */
export interface MtpOptions {
  /** The modules: a folder or file of safetensors, a URL or a Hub id. The target's own folder will do, where it has them. */
  readonly head: ModelLocation
  /** Name in `generate({ strategy })`. Default `mtp`. */
  readonly name?: string
  /** Tokens of a chain. Default: 3 where one module is used again and again, else one a module. */
  readonly tokens?: number
  /** A static tree by the children of each node, level by level: `[3, 2, 1]` has 15 nodes. */
  readonly branches?: readonly number[]
  /**
   * A static tree by its nodes: each is a path of ranks from the pending token, so that `[0, 2]` is the third choice below the
   * first. A path implies its beginnings. Where the budget of a round is smaller, the nodes that come first in the list are kept.
   */
  readonly choices?: RankPaths
  /** How many of the checkpoint's modules to use, from the first. Default all. One is used for every token. */
  readonly modules?: number
  /** The target's hidden state that modules are fed, after the final norm or before it. Default: the layout's. */
  readonly fed?: 'normed' | 'stream'
  /** The module's own hidden state that its next step is fed, after the final norm or before it. Default: the layout's. */
  readonly recycled?: 'normed' | 'stream'
}

/** Paths of the tree, each after its beginnings; null for a chain as long as suits the modules. Throws `INVALID_OPTION`. */
export function plannedPaths({ tokens, branches, choices, modules, fed, recycled }: MtpOptions): RankPaths | null {
  const given = Object.entries({ tokens, branches, choices }).filter(([, value]) => value !== undefined)
  if (given.length > 1) refuse(`give one of ${given.map(([name]) => name).join(' and ')}`)
  for (const [name, value] of Object.entries({ tokens, modules }))
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      refuse(`${name} must be a whole number of at least 1, not ${value}`)
  for (const [name, value] of Object.entries({ fed, recycled }))
    if (value !== undefined && value !== 'normed' && value !== 'stream')
      refuse(`${name} must be 'normed' or 'stream', not ${value}`)
  if (choices) return parentsFirst(choices, 'mtp')
  if (branches) return uniformPaths(branches, 'mtp')
  return tokens === undefined ? null : chainPaths(tokens)
}

/** A chain of so many tokens. Throws `INVALID_OPTION`. */
export function chainPaths(tokens: number): RankPaths {
  return uniformPaths(new Array<number>(tokens).fill(1), 'mtp')
}

function refuse(what: string): never {
  throw new OutriderError('INVALID_OPTION', `mtp: ${what}`)
}
