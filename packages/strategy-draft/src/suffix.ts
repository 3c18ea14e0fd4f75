import {
  type Budget,
  type Committed,
  type LoadedStrategy,
  OutriderError,
  type Proposer,
  type SessionView,
  type Strategy,
  type TokenTree,
} from '@outrider/core'
import { MAX_TREE_ROWS } from '@outrider/core/spec'
import { type SuffixNode, type SuffixReader, SuffixTree } from './suffix-tree'

/** How `suffix` drafts. */
export interface SuffixOptions {
  /** Name in `generate({ strategy })`. Default `suffix`. */
  readonly name?: string
  /** Longest piece of text that is remembered, tokens: match and continuation together. Default 24. */
  readonly depth?: number
  /** Most tokens to propose: this much for each token that matched. Default 1. */
  readonly factor?: number
  /** Continuations less likely than this, by the counts along their path, are not proposed. Default 0.1. */
  readonly minProbability?: number
  /** Proposes the likeliest continuations as a tree of at most so many nodes, 1 to 255; default a chain of the likeliest. */
  readonly nodes?: number
  /** Most pieces to remember, about 100 bytes each; the rarest go first. Default 100,000. */
  readonly maxPieces?: number
  /** A memory that sessions share, beside the session's own text: made by `suffixStore`. */
  readonly store?: SuffixStore
}

/** What several sessions remember together. */
export interface SuffixStore {
  readonly tree: SuffixTree
  readonly depth: number
}

/**
 * A memory for `suffix` that outlives sessions: what one wrote, another may be proposed.
 *
 * @example
 * ```ts
 * import { suffix, suffixStore } from '@outrider/strategy-draft'
 *
 * const store = suffixStore({ maxPieces: 1_000_000 })
 * const strategy = suffix({ store })
 * ```
 */
export function suffixStore(options: { readonly depth?: number; readonly maxPieces?: number } = {}): SuffixStore {
  const { depth = 24, maxPieces = 100_000 } = options
  return { tree: new SuffixTree(depth, maxPieces), depth }
}

/**
 * Suffix decoding (Oliaro et al. 2024, arXiv 2411.04975): remembers every piece of prompt and output with its count and proposes
 * the likeliest continuation of the longest ends of the text that were seen before. No model, no device work. Throws
 * `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { suffix } from '@outrider/strategy-draft'
 *
 * const chain = suffix()
 * const tree = suffix({ name: 'suffix-tree', nodes: 15 })
 * ```
 */
export function suffix(options: SuffixOptions = {}): Strategy {
  const { name = 'suffix', depth = 24, factor = 1, minProbability = 0.1, nodes, maxPieces = 100_000, store } = options
  for (const [option, value] of Object.entries({ depth, maxPieces, nodes: nodes ?? 1 }))
    if (!Number.isInteger(value) || value < 1)
      throw new OutriderError('INVALID_OPTION', `suffix: ${option} must be a whole number of at least 1, not ${value}`)
  if (nodes !== undefined && nodes >= MAX_TREE_ROWS)
    throw new OutriderError('INVALID_OPTION', `suffix: nodes must be ${MAX_TREE_ROWS - 1} at most, not ${nodes}`)
  if (!(factor > 0)) throw new OutriderError('INVALID_OPTION', `suffix: factor must be positive, not ${factor}`)
  if (!(minProbability >= 0 && minProbability <= 1))
    throw new OutriderError('INVALID_OPTION', `suffix: minProbability must be 0 to 1, not ${minProbability}`)
  const plan: Plan = { depth, factor, minProbability, nodes: nodes ?? null, maxPieces, store: store ?? null }
  const loaded: LoadedStrategy = { start: (session) => new SuffixProposer(session, plan) }
  return { specVersion: 1, name, load: async () => loaded }
}

interface Plan {
  readonly depth: number
  readonly factor: number
  readonly minProbability: number
  readonly nodes: number | null
  readonly maxPieces: number
  readonly store: SuffixStore | null
}

/** A tree of continuations and how many of its tokens are expected to be right. */
interface Scored {
  readonly tree: TokenTree
  readonly expected: number
}

class SuffixProposer implements Proposer {
  #own: SuffixReader
  #shared: SuffixReader | null
  /** Tokens of the session that were read. */
  #read = 0

  constructor(
    private readonly session: SessionView,
    private readonly plan: Plan,
  ) {
    this.#own = new SuffixTree(plan.depth, plan.maxPieces).reader()
    this.#shared = plan.store?.tree.reader() ?? null
  }

  propose(budget: Budget): TokenTree | null {
    this.#catchUp()
    let best: Scored | null = null
    for (const reader of [this.#own, this.#shared])
      for (const { length, node } of reader?.matches() ?? []) {
        const depth = Math.min(budget.depth, Math.max(1, Math.floor(length * this.plan.factor)))
        const nodes = Math.min(budget.nodes, this.plan.nodes ?? depth)
        const scored = this.#continuations(node, nodes, depth, this.plan.nodes === null)
        if (!best || scored.expected > best.expected) best = scored
      }
    return best && best.tree.tokens.length > 0 ? best.tree : null
  }

  observe(_committed: Committed): void {
    this.#catchUp()
  }

  truncate(length: number): number {
    if (length + 1 < this.#read) {
      // What was cut was no text of this session: its own memory begins again. A shared one keeps what was said.
      this.#own = new SuffixTree(this.plan.depth, this.plan.maxPieces).reader()
      this.#shared = this.plan.store?.tree.reader() ?? null
      this.#read = 0
    }
    return length
  }

  #catchUp(): void {
    for (; this.#read < this.session.tokens.length; this.#read++) {
      const token = this.session.tokens[this.#read] as number
      this.#own.push(token)
      this.#shared?.push(token)
    }
  }

  /** The likeliest continuations below a place, best first: a node's probability is the product of count shares on its path. */
  #continuations(from: SuffixNode, nodes: number, depth: number, chain: boolean): Scored {
    const tokens: number[] = []
    const parents: number[] = []
    let expected = 0
    type Open = { token: number; parent: number; level: number; probability: number; node: SuffixNode }
    const open: Open[] = []
    const expand = (node: SuffixNode, parent: number, level: number, probability: number): void => {
      const children = [...(node.children ?? [])]
      const total = children.reduce((sum, [, child]) => sum + child.count, 0)
      const found = children.map(([token, child]) => ({
        token,
        parent,
        level,
        probability: (probability * child.count) / total,
        node: child,
      }))
      found.sort((a, b) => b.probability - a.probability || a.token - b.token)
      open.push(...found.slice(0, chain ? 1 : nodes).filter((each) => each.probability >= this.plan.minProbability))
    }
    expand(from, -1, 1, 1)
    while (open.length > 0 && tokens.length < nodes) {
      const at = open.reduce((best, each, i) => (each.probability > (open[best] as Open).probability ? i : best), 0)
      const [taken] = open.splice(at, 1) as [Open]
      const id = tokens.length
      tokens.push(taken.token)
      parents.push(taken.parent)
      expected += taken.probability
      if (taken.level < depth) expand(taken.node, id, taken.level + 1, taken.probability)
    }
    return { tree: { tokens, parents }, expected }
  }
}
