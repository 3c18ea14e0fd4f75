import type { Drafter, DraftPlan, DraftRun, FeatureHead, Ops, SessionView } from '@outrider/core'
import { Candidates } from './candidates'
import { collectTree } from './collect-tree'
import { growLevel } from './grow-level'
import type { TreeOptions } from './options'

/**
 * Grows a tree where the head is sure (EAGLE-2, Li et al. 2024): level by level the best nodes are expanded, and of all that were
 * drafted the best are verified. Nothing is read in between.
 */
export class DynamicDrafter implements Drafter {
  readonly #candidates: Candidates

  constructor(
    private readonly session: SessionView,
    private readonly head: FeatureHead,
    private readonly grow: Required<TreeOptions>,
  ) {
    this.#candidates = new Candidates(session.backend, grow.topK, grow.depth)
  }

  plan(most: number, depth: number): DraftPlan {
    const levels = Math.min(this.grow.depth, depth)
    const count = this.#candidates.before(levels)
    const nodes = Math.min(this.grow.nodes, most, count)
    return {
      key: `${this.head.label} grow ${levels} ${nodes}`,
      nodes,
      levels,
      parents: null,
      record: (ops, run) => {
        this.#grow(ops, run, levels)
        collectTree(ops, this.#candidates, { count, nodes, tree: this.session.tree })
      },
    }
  }

  dispose(): void {
    this.#candidates.dispose()
  }

  #grow(ops: Ops, { last, index, base, cache }: DraftRun, levels: number): void {
    const { head } = this
    const { vocab, targetIds: map } = head
    const { board, ids, logProbs, topK: k, tree, at } = this.#candidates
    const sequence = { ...this.session.sequence, length: base }
    let [x, rows] = [last, 1]
    for (let level = 0; level < levels; level++) {
      ops.topK({ logits: head.logits(ops, { x, rows }), vocab, rows, k, ids, logProbs })
      growLevel(ops, this.#candidates, { level, last: level + 1 === levels, map })
      if (level + 1 === levels) break
      ops.treeIndex({ tree, sequence, index })
      rows = k
      ops.gatherRows({ x, indices: board, at: at.above, rows, out: head.gathered })
      const pass = { rows, first: 1 + level * k, tokens: tree.tokens, index }
      x = head.step(ops, { pass, g: head.gathered, cache })
    }
  }
}
