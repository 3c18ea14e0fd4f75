import { type ModelLocation, OutriderError } from '@outrider/core'
import type { MedusaChoices } from './choices'

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
  readonly choices?: MedusaChoices
}

/** Ranks that `topK` can give. */
const ranks = 32

/** Nodes of the tree, parents first, or null for a chain over all heads. Throws `INVALID_OPTION`. */
export function plannedPaths({ tokens, choices }: MedusaOptions): MedusaChoices | null {
  if (tokens !== undefined && choices !== undefined)
    throw new OutriderError('INVALID_OPTION', 'medusa: give either tokens (a chain) or choices (a tree)')
  if (tokens !== undefined) {
    if (!Number.isInteger(tokens) || tokens < 1)
      throw new OutriderError('INVALID_OPTION', `medusa: tokens must be a whole number of at least 1, not ${tokens}`)
    return chainPaths(tokens)
  }
  if (choices === undefined) return null
  const whole = (rank: number) => Number.isInteger(rank) && rank >= 0 && rank < ranks
  const wrong = choices.find((path) => path.length === 0 || !path.every(whole))
  if (choices.length === 0 || wrong)
    throw new OutriderError(
      'INVALID_OPTION',
      `medusa: choices needs paths of ranks from 0 to ${ranks - 1}, not ${wrong ? `[${wrong}]` : 'nothing'}`,
    )
  return parentsFirst(choices)
}

/** The first choice of each of `heads` heads below that of the one before. */
export function chainPaths(heads: number): MedusaChoices {
  return Array.from({ length: heads }, (_, level) => new Array<number>(level + 1).fill(0))
}

/** Every path once, each after its beginnings, otherwise in the order given. */
function parentsFirst(choices: MedusaChoices): MedusaChoices {
  const paths = new Map<string, readonly number[]>()
  for (const choice of choices)
    for (let length = 1; length <= choice.length; length++) {
      const path = choice.slice(0, length)
      if (!paths.has(path.join())) paths.set(path.join(), path)
    }
  return [...paths.values()]
}

/** A static tree: what each node takes from the heads, and where it hangs. */
export interface Topology {
  /** Parent node of each node, -1 for the pending token. */
  readonly parents: readonly number[]
  /** Head and rank of each node's token. */
  readonly picks: readonly { readonly head: number; readonly rank: number }[]
  /** Heads that have to run. */
  readonly heads: number
}

/** The first paths that fit `nodes` and `depth`. */
export function topology(paths: MedusaChoices, nodes: number, depth: number): Topology {
  const kept = paths.filter(({ length }) => length <= depth).slice(0, nodes)
  const node = new Map(kept.map((path, i) => [path.join(), i]))
  return {
    parents: kept.map((path) => node.get(path.slice(0, -1).join()) ?? -1),
    picks: kept.map((path) => ({ head: path.length - 1, rank: path.at(-1) as number })),
    heads: kept.reduce((most, { length }) => Math.max(most, length), 0),
  }
}
