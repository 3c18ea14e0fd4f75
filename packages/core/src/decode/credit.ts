import type { Credit, Draft, Tensor } from '../spec'
import { malformed } from '../tree'

/** Bits of a word. */
const mostNames = 32

/** Who drafted a round's tree: `names[0]` all of it, unless there are words, whose bit i says that `names[i]` proposed a node. */
export interface LaidCredit {
  readonly names: readonly string[]
  /** By node, where the host knows them. */
  readonly words: readonly number[] | null
  /** u32 [MAX_TREE_ROWS] by row, where the device does. */
  readonly tensor: Tensor | null
}

/** Throws `TREE_MALFORMED` where a draft of `nodes` nodes credits more or fewer, or to no name or too many. */
export function layCredit(draft: Draft, nodes: number, strategy: string): LaidCredit {
  const by: string | Credit<readonly number[] | Tensor> = draft?.by ?? strategy
  if (typeof by === 'string') return { names: [by], words: null, tensor: null }
  const { names, of } = by
  if (names.length < 1 || names.length > mostNames)
    malformed(strategy, `it is credited to ${names.length} names: 1 to ${mostNames} are possible`)
  if (!Array.isArray(of)) return { names, words: null, tensor: of as Tensor }
  if (of.length !== nodes) malformed(strategy, `${nodes} nodes, of which ${of.length} are credited`)
  return { names, words: of, tensor: null }
}

/**
 * Tokens that were proposed: of a draft of `nodes` nodes, what several parts of a composition proposed counts for each; `bytes` is what
 * the tensor was read to hold.
 */
export function proposedTokens({ words }: LaidCredit, nodes: number, bytes: ArrayBuffer | null = null): number {
  const all = bytes ? new Uint32Array(bytes).subarray(1, nodes + 1) : words
  if (!all) return nodes
  let sum = 0
  for (const word of all) sum += bitCount(word)
  return Math.max(nodes, sum)
}

function bitCount(word: number): number {
  let count = 0
  for (let left = word; left !== 0; left &= left - 1) count++
  return count
}

/** For each accepted node (`path`, root side first) the names that proposed it; `bytes` is what the tensor was read to hold. */
export function creditPath(
  { names, words }: LaidCredit,
  path: readonly number[],
  bytes: ArrayBuffer | null,
): readonly (readonly string[])[] {
  const rows = bytes && new Uint32Array(bytes)
  if (!rows && !words) return path.map(() => names)
  return path.map((node) => {
    const word = (rows ? rows[node + 1] : words?.[node]) as number
    return names.filter((_, bit) => (word >>> bit) & 1)
  })
}
