import { type ModelLocation, OutriderError } from '@outrider/core'
import { MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'

/** How `draftModel` drafts. */
export interface DraftModelOptions {
  /** The draft model: anything `createEngine` loads. A folder without a tokenizer takes the target's vocabulary. */
  readonly model: ModelLocation
  /** Name in `generate({ strategy })`. Default `draft-model`. */
  readonly name?: string
  /** Tokens of a chain, 1 to 63. Default 5. Not together with `branches`. */
  readonly tokens?: number
  /**
   * Children of each node by level, for a tree: `[3, 2, 1]` drafts three tokens after the pending one, two after each of those,
   * one after each of those, 15 nodes in all. At most 255 nodes; of a tree that is larger than the engine's `maxRows` allows, the
   * first levels that fit are drafted.
   */
  readonly branches?: readonly number[]
}

/** How large a draft is. */
export type DraftSize = Pick<DraftModelOptions, 'tokens' | 'branches'>

/** Children of each node by level; `who` is named in messages. Throws `INVALID_OPTION`. */
export function levels({ tokens, branches }: DraftSize, who: string): readonly number[] {
  if (tokens !== undefined && branches !== undefined)
    throw new OutriderError('INVALID_OPTION', `${who}: give either tokens (a chain) or branches (a tree)`)
  if (tokens !== undefined && (!Number.isInteger(tokens) || tokens < 1))
    throw new OutriderError('INVALID_OPTION', `${who}: tokens must be a whole number of at least 1, not ${tokens}`)
  const plan = branches ?? new Array<number>(tokens ?? 5).fill(1)
  if (plan.length < 1 || plan.some((count) => !Number.isInteger(count) || count < 1 || count > 32))
    throw new OutriderError('INVALID_OPTION', `${who}: every level needs 1 to 32 children, not [${plan}]`)
  if (plan.length >= MAX_PATH)
    throw new OutriderError('INVALID_OPTION', `${who}: a draft has ${MAX_PATH - 1} levels at most, not ${plan.length}`)
  let [nodes, above] = [0, 1]
  for (const children of plan) {
    above *= children
    nodes += above
  }
  if (nodes >= MAX_TREE_ROWS)
    throw new OutriderError(
      'INVALID_OPTION',
      `${who}: branches [${plan}] are ${nodes} nodes, more than the ${MAX_TREE_ROWS - 1} of a tree`,
    )
  return plan
}

/** Refuses a first level that no pass holds: nothing would ever be drafted. Throws `INVALID_OPTION`. */
export function checkFirstLevel(children: readonly number[], maxRows: number, who: string): void {
  const first = children[0] as number
  if (maxRows > 1 && first >= maxRows)
    throw new OutriderError(
      'INVALID_OPTION',
      `${who}: a first level of ${first} children does not fit an engine of ${maxRows} rows a pass (maxRows)`,
    )
}

/** A tree whose nodes of a level all have equally many children. */
export interface Topology {
  /** Parent node of each node, -1 for the pending token; level by level. */
  readonly parents: readonly number[]
  /** First node and number of nodes of each level, and children of each node of the level above. */
  readonly levels: readonly { readonly first: number; readonly count: number; readonly children: number }[]
}

/** The first levels of `children` that fit `nodes` and `depth`. */
export function topology(children: readonly number[], nodes: number, depth: number): Topology {
  const parents: number[] = []
  const levels: { first: number; count: number; children: number }[] = []
  let above: readonly number[] = [-1]
  for (const width of children.slice(0, depth)) {
    const count = above.length * width
    const first = parents.length
    if (first + count > nodes) break
    for (const parent of above) for (let i = 0; i < width; i++) parents.push(parent)
    levels.push({ first, count, children: width })
    above = Array.from({ length: count }, (_, i) => first + i)
  }
  return { parents, levels }
}
