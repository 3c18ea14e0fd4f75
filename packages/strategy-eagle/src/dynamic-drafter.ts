import type { Drafter, DraftNoise, DraftPlan, DraftRun, FeatureHead, Ops, Pass, SessionView } from '@outrider/core'
import { Candidates } from './candidates'
import { collectTree } from './collect-tree'
import { growLevel } from './grow-level'
import type { TreeOptions } from './options'

/**
 * Grows a tree where the head is sure (EAGLE-2, Li et al. 2024): level by level the best nodes are expanded, and of all that were
 * drafted the best are verified. Nothing is read in between.
 *
 * Where the target samples, the logits have the session's noise in them before anything is chosen or scored: a node's children are
 * draws without replacement, and its score is the log-softmax of logits / T + noise, summed along the path. That is how likely the
 * target's draw, which has the same noise, falls on it, were the target's logits the head's up to Gumbel errors. The head's own
 * log-probabilities would say how likely a token was before the noise was known. Either falls along a path, as the growth wants.
 * Which of its draws a tree keeps depends on them, so that it cannot say what it was drawn from: rules count its tokens as point masses.
 */
export class DynamicDrafter implements Drafter {
  readonly #candidates: Candidates
  readonly #plans: { plan: DraftPlan; levels: number; nodes: number; noisy: boolean }[] = []

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
    const { noise } = this.session
    const known = this.#plans.find(
      (each) => each.levels === levels && each.nodes === nodes && each.noisy === (noise !== null),
    )
    if (known) return known.plan
    const plan: DraftPlan = {
      key: `${this.head.label} grow ${levels} ${nodes}${noise ? ' with noise' : ''}`,
      nodes,
      levels,
      parents: null,
      record: (ops, run) => {
        this.#grow(ops, run, levels, noise)
        collectTree(ops, this.#candidates, { count, nodes, tree: this.session.tree })
      },
    }
    this.#plans.push({ plan, levels, nodes, noisy: noise !== null })
    return plan
  }

  dispose(): void {
    this.#candidates.dispose()
  }

  #grow(ops: Ops, { last, index, base, cache, reach }: DraftRun, levels: number, noise: DraftNoise | null): void {
    const { head } = this
    const { vocab, targetIds: map } = head
    const drawn = noise && { ahead: 2, ...(map && { targetIds: map }), ...noise }
    const { board, ids, logProbs, topK: k, tree, at } = this.#candidates
    const sequence = { ...this.session.sequence, length: base }
    const { tokens } = tree
    let x = last
    let pass: Pass = { rows: 1, first: 0, reach, tokens, index }
    // The position of the first row: there is no tree yet.
    if (drawn) ops.spanIndex({ sequence, from: base, to: base, toOffset: 1, rows: 1, tokens, index })
    for (let level = 0; level < levels; level++) {
      const { rows } = pass
      const logits = head.logits(ops, { x, rows, ...(x !== last && { pass }) })
      if (drawn) ops.perturbLogits({ logits, vocab, pass, ...drawn })
      ops.topK({ logits, vocab, rows, k, ids, logProbs })
      growLevel(ops, this.#candidates, { level, last: level + 1 === levels, map })
      if (level + 1 === levels) break
      ops.treeIndex({ tree, sequence, index })
      pass = { ...pass, rows: k, first: 1 + level * k }
      ops.gatherRows({ x, indices: board, at: at.above, rows: k, out: head.gathered })
      x = head.step(ops, { pass, g: head.gathered, own: true, cache })
    }
  }
}
