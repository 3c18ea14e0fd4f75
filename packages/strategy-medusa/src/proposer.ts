import {
  type Budget,
  type Committed,
  type DeviceDraft,
  type Follow,
  type Ops,
  Owned,
  type Program,
  type Proposer,
  type SessionView,
  type Tensor,
} from '@outrider/core'
import type { MedusaChoices } from './choices'
import type { MedusaHeads } from './heads'
import { gatherAccepted, placeTokens } from './kernels'
import { type Topology, topology } from './options'

/** Choices of all heads that a draft may ask for. */
const mostChoices = 32

/**
 * Drafts with Medusa heads. Its only state is one hidden state, that of the last position before the pending token, picked from the
 * target's pass when that is committed; the heads run when a draft is wanted.
 */
export class MedusaProposer implements Proposer {
  readonly #owned = new Owned()
  readonly #hidden: Tensor
  readonly #ids: Tensor
  readonly #programs = new Map<string, Program>()
  /** Committed entries after which the hidden state was taken; null where that is not known for certain. */
  #held: number | null = null

  constructor(
    private readonly session: SessionView,
    private readonly heads: MedusaHeads,
    private readonly paths: MedusaChoices,
  ) {
    const { backend } = session
    const [, hidden] = this.#final.shape as [number, number]
    try {
      this.#hidden = this.#owned.add(backend.tensor([1, hidden], 'f32', 'medusa hidden state'))
      this.#ids = this.#owned.add(backend.tensor([heads.weights.count * mostChoices], 'u32', 'medusa choices'))
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  /** null as long as the target has run over nothing: after a prompt of one token. */
  propose({ nodes, depth }: Budget): DeviceDraft | null {
    if (!this.#held || this.#held !== this.session.tokens.length - 1) return null
    const tree = topology(this.paths, nodes, depth)
    if (tree.picks.length === 0) return null
    const program = this.#program(`medusa draft ${tree.parents}`, (ops) => this.#draft(ops, tree))
    return { programs: [program], nodes: tree.picks.length, parents: tree.parents }
  }

  follow({ kind, pass }: Follow): readonly Program[] {
    this.#held = null
    const [x, out] = [this.#final, this.#hidden]
    const { outcome } = this.session
    if (kind === 'round') return [this.#program('medusa follow', (ops) => gatherAccepted(ops, { x, outcome, out }))]
    return [this.#program(`medusa follow ${pass.rows}`, (ops) => ops.gatherLast({ x, pass, out }))]
  }

  observe({ length }: Committed): void {
    this.#held = length
  }

  /** Without its hidden state the target has to run over the last position again. */
  truncate(length: number): number {
    if (this.#held === length) return length
    this.#held = null
    return Math.max(0, length - 1)
  }

  dispose(): void {
    this.#owned.dispose()
  }

  get #final(): Tensor {
    return this.session.hidden('final') as Tensor
  }

  #draft(ops: Ops, { picks, heads }: Topology): void {
    const { backend, tree } = this.session
    const choices = picks.reduce((most, { rank }) => Math.max(most, rank + 1), 0)
    const map = this.heads.weights.lm.tokenMap
    const run = { hidden: this.#hidden, heads, choices }
    // A chain of first choices lies as the heads leave them.
    const inOrder = !map && picks.every(({ head, rank }, node) => head === node && rank === 0)
    this.heads.record(ops, { ...run, ...(inOrder ? { ids: tree.tokens, at: 1 } : { ids: this.#ids, at: 0 }) })
    if (inOrder) return
    const order = this.#owned.add(backend.tensor([picks.length], 'u32', 'medusa tree order'))
    backend.write(
      order,
      Uint32Array.from(picks, ({ head, rank }) => head * choices + rank),
    )
    placeTokens(ops, { ids: this.#ids, picks: order, nodes: picks.length, map, tokens: tree.tokens })
  }

  #program(key: string, record: (ops: Ops) => void): Program {
    const known = this.#programs.get(key)
    if (known) return known
    const program = this.#owned.add(this.session.backend.program(key, record))
    this.#programs.set(key, program)
    return program
  }
}
