import { threefry } from '../sample'
import type { AcceptanceRule, TokenTree } from '../spec'

/** A tree that was verified, and how many tokens were committed then. */
export interface SeenTree extends TokenTree {
  readonly committed: number
}

/** A rule that keeps any path, and what it saw. */
export interface AnyPath {
  readonly rule: AcceptanceRule
  /** Every tree that was verified, the empty ones of plain rounds too. */
  readonly trees: readonly SeenTree[]
}

/**
 * Keeps a path of a tree for no reason but the place in the text: rounds end after no token, some, or all that were drafted, however
 * good the drafts are. Trees that programs left on the device are seen as well.
 */
export function anyPath(): AnyPath {
  const trees: SeenTree[] = []
  const rule: AcceptanceRule = {
    specVersion: 1,
    name: 'any-path',
    guarantee: 'lossy',
    host: {
      decide: ({ tree, logits, length }) => {
        trees.push({ tokens: [...tree.tokens], parents: [...tree.parents], committed: length + 1 })
        const path = walk(tree, length)
        return { path, next: likeliest(logits((path.at(-1) ?? -1) + 1)) }
      },
    },
  }
  return { rule, trees }
}

/** Goes down from the pending token, to a child by chance, and stops by chance (one in five) at every level. */
function walk(tree: TokenTree, length: number): readonly number[] {
  const path: number[] = []
  for (;;) {
    const above = path.at(-1) ?? -1
    const children = tree.parents.flatMap((parent, node) => (parent === above ? [node] : []))
    const [stop, choice] = threefry([length, path.length, 0, 0], [7, 0, 0, 0])
    if (children.length === 0 || stop < 2 ** 32 / 5) return path
    path.push(children[choice % children.length] as number)
  }
}

/** The id of the largest logit; of equal ones the lowest. */
function likeliest(logits: Float32Array): number {
  return logits.reduce((best, value, id) => (value > (logits[best] as number) ? id : best), 0)
}
