import { depths, gumbelOf, noiseWords } from '@outrider/core'
import type { ProbedDraft, ProbeSampling } from './draft-probe'

/** Where a draft's rows come from, and whose noise its tokens have. */
export interface DrawSetting extends ProbeSampling {
  /** Position of the pending token. */
  readonly length: number
  /** Whose row a node's children are chosen from: that of the node itself, or that of the head for its level. */
  readonly rows: 'nodes' | 'heads'
  /** The target's id of each of a drafter's. Default: they are the target's own. */
  readonly targetIds?: readonly number[]
  /** Added to the position of every token. Default 0; a check that sees nothing of it checks nothing. */
  readonly shift?: number
}

/**
 * How many nodes of a draft are what their place says: the j-th child of a node is the j-th best of logits / T + noise at the child's
 * position, by target id. Written down a second time, from the logits before noise.
 */
export function rightDraws({ tree, drawn }: ProbedDraft, setting: DrawSetting): number {
  const { length, rows, shift = 0 } = setting
  const depth = depths(tree.parents)
  const parents = [...new Set(tree.parents)].sort((a, b) => a - b)
  let right = 0
  parents.forEach((parent, row) => {
    const level = parent < 0 ? 0 : (depth[parent] as number)
    const children = tree.tokens.filter((_, node) => tree.parents[node] === parent)
    const logits = drawn[rows === 'heads' ? level : row] as Float32Array
    const best = bestDraws(logits, length + level + 1 + shift, setting).slice(0, children.length)
    right += children.filter((token, rank) => token === best[rank]).length
  })
  return right
}

/** Target ids, the best first. */
function bestDraws(logits: Float32Array, position: number, setting: DrawSetting): readonly number[] {
  const { temperature, seed, targetIds } = setting
  const key = { seedLow: seed, seedHigh: 0, sequence: 0, stream: 0 }
  return Array.from(logits, (logit, own) => {
    const id = targetIds?.[own] ?? own
    const word = noiseWords(key, position, id >> 2)[id & 3] as number
    return { id, value: logit / temperature + gumbelOf(word) }
  })
    .sort((a, b) => b.value - a.value)
    .map(({ id }) => id)
}
