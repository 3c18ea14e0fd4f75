import { OutriderError } from '../errors'
import type { TokenTree } from './tree'

/** What a tree may be. */
export interface TreeLimits {
  readonly nodes: number
  readonly depth: number
  /** Ids from here on are no tokens. */
  readonly vocab: number
}

/**
 * Level of each node below the pending token: 1 for its children.
 *
 * @example
 * ```ts
 * import { depths } from '@outrider/core'
 *
 * console.log(depths([-1, -1, 0])) // [1, 1, 2]
 * ```
 */
export function depths(parents: readonly number[]): readonly number[] {
  const levels: number[] = []
  for (const parent of parents) levels.push(parent < 0 ? 1 : (levels[parent] as number) + 1)
  return levels
}

/**
 * Whether every node's parent is the node before it.
 *
 * @example
 * ```ts
 * import { isChain } from '@outrider/core'
 *
 * console.log(isChain([-1, 0, 1])) // true
 * ```
 */
export function isChain(parents: readonly number[]): boolean {
  return parents.every((parent, node) => parent === node - 1)
}

/**
 * A chain of tokens as a tree.
 *
 * @example
 * ```ts
 * import { chain } from '@outrider/core'
 *
 * console.log(chain([5, 7]).parents) // [-1, 0]
 * ```
 */
export function chain(tokens: readonly number[]): TokenTree {
  return { tokens, parents: tokens.map((_, node) => node - 1) }
}

/**
 * Checks what a strategy proposed. Throws `TREE_MALFORMED` (lengths differ, a parent after its child or itself, a token that
 * is none, twice the same token below one parent) and `TREE_TOO_LARGE` (more nodes or levels than the budget).
 *
 * @example
 * ```ts
 * import { checkTree } from '@outrider/core'
 *
 * checkTree({ tokens: [5, 7], parents: [-1, 0] }, { nodes: 8, depth: 4, vocab: 100 }, 'mine')
 * ```
 */
export function checkTree(tree: TokenTree, limits: TreeLimits, strategy: string): void {
  const { tokens, parents } = tree
  if (tokens.length !== parents.length) malformed(strategy, `${tokens.length} tokens with ${parents.length} parents`)
  checkTopology(parents, limits, strategy)
  const seen = new Set<string>()
  tokens.forEach((token, node) => {
    if (!Number.isInteger(token) || token < 0 || token >= limits.vocab)
      malformed(strategy, `node ${node} has token ${token}, but the vocabulary has ${limits.vocab}`)
    const key = `${parents[node]}:${token}`
    if (seen.has(key)) malformed(strategy, `token ${token} stands twice below node ${parents[node]}`)
    seen.add(key)
  })
}

/** Checks a topology without its tokens, as `checkTree` does, and gives its levels. Throws `TREE_MALFORMED`, `TREE_TOO_LARGE`. */
export function checkTopology(parents: readonly number[], limits: Omit<TreeLimits, 'vocab'>, strategy: string): number {
  withinBudget(strategy, 'nodes', parents.length, limits.nodes)
  parents.forEach((parent, node) => {
    if (!Number.isInteger(parent) || parent < -1 || parent >= node)
      malformed(
        strategy,
        `the parent of node ${node} is ${parent}, but parents come before their children (-1: the pending token)`,
      )
  })
  const deepest = depths(parents).reduce((a, b) => Math.max(a, b), 0)
  withinBudget(strategy, 'levels', deepest, limits.depth)
  return deepest
}

/** Throws `TREE_TOO_LARGE`. */
export function withinBudget(strategy: string, what: 'nodes' | 'levels', count: number, limit: number): void {
  if (count <= limit) return
  throw new OutriderError(
    'TREE_TOO_LARGE',
    `strategy ${strategy} proposed ${count} ${what}, but the budget of this round is ${limit}: respect it`,
    { details: { strategy, [what]: count, limit } },
  )
}

/** Throws `TREE_MALFORMED`. */
export function malformed(strategy: string, what: string): never {
  throw new OutriderError('TREE_MALFORMED', `strategy ${strategy} proposed a malformed tree: ${what}`, {
    details: { strategy },
  })
}
