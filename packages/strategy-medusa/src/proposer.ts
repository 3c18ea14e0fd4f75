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
import type { MedusaHeads } from './heads'
import { gatherAccepted } from './kernels'

/** Choices of all heads that a draft may ask for. */
const mostChoices = 32

/**
 * Drafts with Medusa heads. Its only state is one hidden state, that of the last position before the pending token, picked from the
 * target's pass when that is committed; the heads run when a draft is wanted. Where the target samples, a head's choices are draws
 * with the session's noise at the position of its token, without replacement; rules count them as point masses (`DeviceDraft.q`).
 */
export class MedusaProposer implements Proposer {
  readonly ahead = true
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #hidden: Tensor
  readonly #ids: Tensor
  /** A row for each head, at the position before its token's. */
  readonly #span: { readonly tokens: Tensor; readonly index: Tensor }
  readonly #programs: Programs
  readonly #drafts = new DraftsByTree<DeviceDraft>()
  /** Committed entries after which the hidden state was taken; null where that is not known for certain. */
  #held: number | null = null
  /** Rounds that were followed and not observed yet: each leaves its own hidden state. */
  #unread = 0

  constructor(
    private readonly session: SessionView,
    private readonly heads: MedusaHeads,
    private readonly paths: RankPaths,
  ) {
    const { backend } = session
    const [, hidden] = this.#final.shape as [number, number]
    try {
      this.#programs = this.#owned.add(new Programs(backend))
      this.#hidden = this.#owned.add(backend.tensor([1, hidden], 'f32', 'medusa hidden state'))
      const words = (length: number, what: string) => this.#owned.add(backend.tensor([length], 'u32', `medusa ${what}`))
      this.#ids = words(heads.weights.count * mostChoices, 'choices')
      this.#span = { tokens: words(MAX_TREE_ROWS, 'span'), index: words(INDEX.words, 'span index') }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  get shapes(): ShapeLimits {
    const { count, lm } = this.heads.weights
    return { levels: count, choices: Math.min(mostChoices, lm.vocab) }
  }

  /** null as long as the target has run over nothing: after a prompt of one token. */
  propose({ nodes, depth, paths }: Budget): DeviceDraft | null {
    if (this.#unread === 0 && (!this.#held || this.#held !== this.session.tokens.length - 1)) return null
    const { noise } = this.session
    return this.#drafts.get(paths ?? this.paths, nodes, depth, noise, () => {
      const tree = paths ? headTree(paths, nodes, depth, this.shapes.choices) : headTree(this.paths, nodes, depth)
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

  get #final(): Tensor {
    return this.session.hidden('final') as Tensor
  }

  #draft(ops: Ops, { heads, choices, order }: HeadTree, noise: DraftNoise | null): void {
    const { backend, sequence, tree } = this.session
    const map = this.heads.weights.lm.tokenMap
    const run = { hidden: this.#hidden, heads, choices, ...(noise && { drawn: { ...this.#span, ...noise } }) }
    const { length } = sequence
    if (noise) ops.spanIndex({ sequence, from: length, to: length, toOffset: heads, rows: heads, ...this.#span })
    // A chain of first choices lies as the heads leave them.
    const inPlace = !map && order.every((place, node) => place === node)
    this.heads.record(ops, { ...run, ...(inPlace ? { ids: tree.tokens, at: 1 } : { ids: this.#ids, at: 0 }) })
    if (inPlace) return
    const places = this.#owned.add(backend.tensor([order.length], 'u32', 'medusa tree order'))
    backend.write(places, Uint32Array.from(order))
    const count = order.length
    placeTokens(ops, { ids: this.#ids, order: places, from: 0, map, tokens: tree.tokens, to: 1, count })
  }
}
