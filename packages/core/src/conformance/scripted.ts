import { threefry } from '../sample'
import type { Committed, HostDraft, Strategy } from '../spec'

/** A tree for a text so far; null: nothing. `vocab` tokens there are. */
export type Script = (
  tokens: readonly number[],
  budget: { readonly nodes: number; readonly depth: number },
) => HostDraft | null

/** A strategy that follows a script; `told` hears of every round whose tree it drafted. */
export function scripted(script: Script, told?: (tree: HostDraft, committed: Committed) => void): Strategy {
  return {
    specVersion: 1,
    name: 'scripted',
    load: async () => ({
      start: (session) => {
        let tree: HostDraft | null = null
        return {
          propose: (budget) => {
            tree = script(session.tokens, budget)
            return tree
          },
          observe: (committed) => {
            if (committed.own && tree) told?.(tree, committed)
          },
        }
      },
    }),
  }
}

/** The right tokens of a known text, up to four of them, each after a wrong sibling; above the budget less. */
export function aroundText(text: readonly number[], vocab: number): Script {
  return (tokens, { nodes, depth }) => {
    const levels = Math.min(depth, Math.floor(nodes / 2), tokens.length % 5)
    const tree = { tokens: [] as number[], parents: [] as number[] }
    for (const token of text.slice(tokens.length, tokens.length + levels)) {
      const above = tree.tokens.length - 1
      tree.tokens.push((token + 1) % vocab, token)
      tree.parents.push(above, above)
    }
    return tree
  }
}

/** Any tree of up to eight nodes, siblings in any order, by the length of the text. */
export function anyTree(vocab: number): Script {
  return (tokens, { nodes, depth }) => {
    const tree = { tokens: [] as number[], parents: [] as number[] }
    const levels: number[] = []
    for (let node = 0; node < Math.min(nodes, 8); node++) {
      const [place, token] = threefry([tokens.length, node, 0, 0], [3, 0, 0, 0])
      const parent = (place % (tree.tokens.length + 1)) - 1
      const level = parent < 0 ? 1 : (levels[parent] as number) + 1
      const id = token % vocab
      if (level > depth || tree.tokens.some((other, at) => other === id && tree.parents[at] === parent)) continue
      tree.tokens.push(id)
      tree.parents.push(parent)
      levels.push(level)
    }
    return tree
  }
}
