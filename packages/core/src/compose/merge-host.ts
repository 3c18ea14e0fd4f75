import type { Credit, HostDraft, TokenTree } from '../spec'

/** A tree on the host with a word of bits for each node: who proposed it. */
export interface CreditedTree {
  readonly tree: TokenTree
  readonly words: readonly number[]
}

/** One tree from several: a path of tokens that stands in more than one is one node, with the credit of all. Parents come first. */
export function mergeHost(trees: readonly CreditedTree[], names: readonly string[]): MergedDraft {
  const tokens: number[] = []
  const parents: number[] = []
  const of: number[] = []
  const known = new Map<string, number>()
  for (const { tree, words } of trees) {
    const places: number[] = []
    tree.tokens.forEach((token, node) => {
      const above = tree.parents[node] as number
      const parent = above < 0 ? -1 : (places[above] as number)
      const key = `${parent}:${token}`
      const place = known.get(key) ?? tokens.length
      if (place === tokens.length) {
        known.set(key, place)
        tokens.push(token)
        parents.push(parent)
      }
      places.push(place)
      of[place] = ((of[place] ?? 0) | (words[node] as number)) >>> 0
    })
  }
  return { tokens, parents, by: { names, of } }
}

/** A tree on the host that is credited node by node. */
export interface MergedDraft extends HostDraft {
  readonly by: Credit<readonly number[]>
}

/** A word whose bit i becomes bit `bits[i]`: a part's own names have other places among all. */
export function movedBits(word: number, bits: readonly number[]): number {
  return bits.reduce((moved, bit, i) => moved | (((word >>> i) & 1) << bit), 0) >>> 0
}
