import {
  type Budget,
  type Committed,
  type DeviceDraft,
  type DraftNoise,
  DraftsByTree,
  type Follow,
  type HeadTree,
  headTree,
  type Ops,
  Owned,
  type Program,
  Programs,
  type Proposer,
  placeTokens,
  type RankPaths,
  type SessionView,
  type ShapeLimits,
  type Tensor,
} from '@outrider/core'
import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { growTree } from './grow-tree'
import { type Growth, grownCandidates } from './grown-candidates'
import type { HeadRun, MedusaHeads } from './heads'
import { gatherAccepted } from './kernels'
import { mostChoices } from './options'

/** The nodes of a static tree, parents first, or how a tree grows; either of what the heads can give. */
export type Drafted = { readonly paths: RankPaths } | { readonly growth: Growth }

/**
 * Drafts with Medusa heads. Its only state is one hidden state, that of the last position before the pending token, picked from the
 * target's pass when that is committed; the heads run when a draft is wanted. Where the target samples, a head's choices are draws
 * with the session's noise at the position of its token, without replacement; rules count them as point masses (`DeviceDraft.q`). A
 * tree then grows by log-probabilities with the noise in them: by how likely the target's draw, which has the same, is each choice.
 */
export class MedusaProposer implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #hidden: Tensor
  readonly #ids: Tensor
  readonly #logProbs: Tensor | undefined
  /** A row for each head, at the position before its token's. */
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly #programs: Programs
  readonly #drafts = new DraftsByTree<DeviceDraft>()
  readonly #grownDrafts = new Map<string, DeviceDraft>()
  /** Committed entries after which the hidden state was taken; null where that is not known for certain. */
  #held: number | null = null
  /** Rounds that were followed and not observed yet: each leaves its own hidden state. */
  #unread = 0

  constructor(
    private readonly session: SessionView,
    private readonly heads: MedusaHeads,
    private readonly drafted: Drafted,
  ) {
    const { backend } = session
    const [, hidden] = this.#final.shape as [number, number]
    try {
      this.#programs = this.#owned.add(new Programs(backend))
      this.#hidden = this.#owned.add(backend.tensor([1, hidden], 'f32', 'medusa hidden state'))
      const words = (length: number, what: string) => this.#owned.add(backend.tensor([length], 'u32', `medusa ${what}`))
      const choices = heads.weights.count * mostChoices
      this.#ids = words(choices, 'choices')
      if ('growth' in drafted) this.#logProbs = this.#owned.add(backend.tensor([choices], 'f32', 'medusa choices'))
      this.#span = { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  get shapes(): ShapeLimits | null {
    if ('growth' in this.drafted) return null
    return { levels: this.heads.weights.count, choices: this.#mostChoices }
  }

  /** null as long as the target has run over nothing: after a prompt of one token. */
  propose({ nodes, depth, paths }: Budget): DeviceDraft | null {
    if (this.#unread === 0 && (!this.#held || this.#held !== this.session.tokens.length - 1)) return null
    const { noise } = this.session
    if ('growth' in this.drafted) {
      const { growth } = this.drafted
      return this.#grown(
        { ...growth, nodes: Math.min(growth.nodes, nodes), depth: Math.min(growth.depth, depth) },
        noise,
      )
    }
    const own = this.drafted.paths
    return this.#drafts.get(paths ?? own, nodes, depth, noise, () => {
      const tree = headTree(paths ?? own, nodes, depth, paths ? this.#mostChoices : 0)
      const key = `medusa draft ${tree.parents}: ${tree.order}${noise ? ' with noise' : ''}`
      const program = this.#programs.get(key, (ops) => this.#draft(ops, tree, noise))
      return { programs: [program], nodes: tree.parents.length, parents: tree.parents }
    })
  }

  follow({ kind, pass }: Follow): readonly Program[] {
    this.#held = null
    if (kind === 'round') this.#unread++
    const [x, out] = [this.#final, this.#hidden]
    const { outcome } = this.session
    if (kind === 'round')
      return [this.#programs.get('medusa follow', (ops) => gatherAccepted(ops, { x, outcome, out }))]
    return [this.#programs.get(`medusa follow ${pass.rows}`, (ops) => ops.gatherLast({ x, pass, out }))]
  }

  observe({ length }: Committed): void {
    this.#unread = Math.max(0, this.#unread - 1)
    this.#held = length
  }

  /** Without its hidden state the target has to run over the last position again. */
  truncate(length: number): number {
    if (this.#held === length && this.#unread === 0) return length
    this.#held = null
    this.#unread = 0
    return Math.max(0, length - 1)
  }

  dispose(): void {
    this.#owned.dispose()
  }

  get #mostChoices(): number {
    return Math.min(mostChoices, this.heads.weights.lm.vocab)
  }

  get #final(): Tensor {
    return this.session.hidden('final') as Tensor
  }

  #grown({ nodes, depth, topK }: Growth, noise: DraftNoise | null): DeviceDraft | null {
    if (nodes < 1 || depth < 1) return null
    const key = `medusa draft grown ${nodes} ${depth}${noise ? ' with noise' : ''}`
    const known = this.#grownDrafts.get(key)
    if (known) return known
    const candidates = grownCandidates({ nodes, depth, topK: Math.min(topK, this.#mostChoices) })
    const { levels: heads, choices, paths, parents } = candidates
    const program = this.#programs.get(key, (ops) => {
      const { tree } = this.session
      const [ids, logProbs, map] = [this.#ids, this.#logProbs as Tensor, this.heads.weights.lm.tokenMap]
      this.#run(ops, { heads, choices, ids, at: 0, logProbs }, noise)
      growTree(ops, { candidates, board: this.#words([...paths, ...parents]), ids, logProbs, map, nodes, tree })
    })
    const draft = { programs: [program], nodes: Math.min(nodes, paths.length), levels: heads, parents: null }
    this.#grownDrafts.set(key, draft)
    return draft
  }

  #draft(ops: Ops, { heads, choices, order }: HeadTree, noise: DraftNoise | null): void {
    const { tree } = this.session
    const map = this.heads.weights.lm.tokenMap
    // A chain of first choices lies as the heads leave them.
    const inPlace = !map && order.every((place, node) => place === node)
    this.#run(ops, { heads, choices, ...(inPlace ? { ids: tree.tokens, at: 1 } : { ids: this.#ids, at: 0 }) }, noise)
    if (inPlace) return
    const [ids, places] = [this.#ids, this.#words(order)]
    placeTokens(ops, { ids, order: places, from: 0, map, tokens: tree.tokens, to: 1, count: order.length })
  }

  /** The heads, over the state that is held. */
  #run(ops: Ops, run: Omit<HeadRun, 'hidden' | 'drawn'>, noise: DraftNoise | null): void {
    const { sequence } = this.session
    const { length } = sequence
    const rows = run.heads
    if (noise) ops.spanIndex({ sequence, from: length, to: length, toOffset: rows, rows, ...this.#span })
    this.heads.record(ops, { ...run, hidden: this.#hidden, ...(noise && { drawn: { ...this.#span, ...noise } }) })
  }

  /** u32, for a program that reads them whenever it runs. */
  #words(values: readonly number[]): Tensor {
    const tensor = this.#owned.add(this.session.backend.tensor([values.length], 'u32', 'medusa tree'))
    this.session.backend.write(tensor, Uint32Array.from(values))
    return tensor
  }
}
