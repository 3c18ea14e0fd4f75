import { Owned } from '../owned'
import {
  type DraftNoise,
  MAX_PATH,
  type Ops,
  type Pass,
  type SessionView,
  type ShapeLimits,
  type Tensor,
} from '../spec'
import { type RankPaths, type StaticTree, staticTree } from '../tree'
import type { Drafter, DraftPlan, DraftRun } from './drafter'
import { DraftsByTree } from './drafts-by-tree'
import type { FeatureHead } from './feature-head'
import { keepDrawn } from './keep-drawn'
import { placeTokens } from './place-tokens'

/** Choices of a node of a tree that is named: `topK` gives no more. */
const mostChoices = 32

/**
 * Drafts chains and trees whose topology is known beforehand: one step a level, over its nodes that have children. Where the target
 * samples, a node's children are draws with the session's noise, without replacement; a rule that asks is told from what, unless paths
 * leave out ranks or nodes with children come before better ones without: then what was drawn is not what stands in the tree.
 *
 * @example
 * ```ts
 * import { type FeatureHead, FeatureProposer, parentsFirst, type SessionView, StaticDrafter } from '@outrider/core'
 *
 * export const start = (session: SessionView, head: FeatureHead) =>
 *   new FeatureProposer(session, head, new StaticDrafter(session, head, parentsFirst([[0], [1], [0, 0]], 'mine')))
 * ```
 */
export class StaticDrafter implements Drafter {
  readonly #owned = new Owned()
  readonly shapes: ShapeLimits | null
  readonly #ids: Tensor
  readonly #plans = new DraftsByTree<DraftPlan>()

  /** `paths`: each after its beginnings. Throws `OUT_OF_MEMORY`. */
  constructor(
    private readonly session: SessionView,
    private readonly head: FeatureHead,
    private readonly paths: RankPaths,
  ) {
    const { levels } = staticTree(paths, paths.length, MAX_PATH)
    const { mostLogits: expand } = head
    const choices = Math.min(mostChoices, head.vocab)
    this.shapes = expand === undefined ? null : { levels: levels.length, choices, expand }
    const rows = levels.reduce((most, level) => Math.max(most, level.expand), expand ?? 1)
    this.#ids = this.#owned.add(session.backend.tensor([rows * choices], 'u32', `${head.label} choices`))
  }

  plan(nodes: number, depth: number, paths: RankPaths = this.paths): DraftPlan {
    const limit = paths === this.paths ? undefined : this.shapes?.choices
    return this.#plans.get(paths, nodes, depth, this.session.noise, () =>
      this.#plan(staticTree(paths, nodes, depth, limit)),
    )
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #plan(tree: StaticTree): DraftPlan {
    const { parents, levels } = tree
    const { noise } = this.session
    const q = noise && inOrder(levels) ? (this.session.q ?? null) : null
    const picks = levels.map((level) => level.picks).join(' | ')
    const key = `${this.head.label} draft ${parents}: ${picks}${noise ? ' with noise' : ''}`
    const record = (ops: Ops, run: DraftRun) => this.#record(ops, run, tree, noise, q)
    return { key, nodes: parents.length, levels: levels.length, parents, q: q !== null, record }
  }

  #record(ops: Ops, run: DraftRun, { levels }: StaticTree, noise: DraftNoise | null, q: Tensor | null): void {
    const { last, index, base, cache, reach } = run
    const { tree, sequence } = this.session
    const { head } = this
    const { vocab, targetIds } = head
    const order = this.#order(levels)
    if (noise || levels.length > 1) ops.treeIndex({ tree, sequence: { ...sequence, length: base }, index })
    let [x, at] = [last, 0]
    let pass: Pass = { rows: 1, first: 0, reach, tokens: tree.tokens, index }
    for (const level of levels) {
      const { rows, first } = pass
      const logits = head.logits(ops, { x, rows, ...(x !== last && { pass }) })
      if (noise && q) keepDrawn(ops, { logits, vocab, rows, first, targetIds, q, ...noise })
      // Entry i holds the token at i + 1 and chooses the one after it.
      if (noise) ops.perturbLogits({ logits, vocab, pass, ahead: 2, ...(targetIds && { targetIds }), ...noise })
      this.#choose(ops, logits, rows, level, { order, at })
      at += level.count
      if (level.expand === 0) break
      const alike = level.expand === rows && level.above.every((row, i) => row === i)
      if (!alike) ops.gatherRows({ x, indices: order, at, rows: level.expand, out: head.gathered })
      at += level.expand
      pass = { ...pass, rows: level.expand, first: 1 + level.first }
      x = head.step(ops, { pass, g: alike ? x : head.gathered, own: true, cache })
    }
  }

  /** For each level the picks of its nodes, then the rows above of those that have children. */
  #order(levels: StaticTree['levels']): Tensor {
    const { backend } = this.session
    const words = levels.flatMap(({ picks, above }) => [...picks, ...above])
    const order = this.#owned.add(backend.tensor([words.length], 'u32', `${this.head.label} tree order`))
    backend.write(order, Uint32Array.from(words))
    return order
  }

  #choose(
    ops: Ops,
    logits: Tensor,
    rows: number,
    { first, count, choices: k, picks }: StaticTree['levels'][number],
    { order, at: from }: { order: Tensor; at: number },
  ): void {
    const { tokens } = this.session.tree
    const { vocab, targetIds: map } = this.head
    const to = 1 + first
    const inPlace = (!map || k === 1) && count === rows * k && picks.every((pick, node) => pick === node)
    const [out, at] = inPlace ? [tokens, to] : [this.#ids, 0]
    if (k === 1) ops.argmax({ logits, vocab, rows, out, at, ...(inPlace && map && { targetIds: map }) })
    else ops.topK({ logits, vocab, rows, k, ids: out, at })
    if (!inPlace) placeTokens(ops, { ids: this.#ids, order, from, map, tokens, to, count })
  }
}

/** Whether the children of every node are its first choices, best first. */
function inOrder(levels: StaticTree['levels']): boolean {
  return levels.every(({ picks, choices }) => {
    const next = new Map<number, number>()
    return picks.every((pick) => {
      const row = Math.floor(pick / choices)
      const rank = next.get(row) ?? 0
      next.set(row, rank + 1)
      return pick % choices === rank
    })
  })
}
