import {
  type Budget,
  type Committed,
  type DeviceDraft,
  type DraftNoise,
  keepDrawn,
  type Ops,
  Owned,
  type Pass,
  Programs,
  type Proposer,
  passReach,
  type SessionView,
  type TargetModel,
  type Tensor,
} from '@outrider/core'
import { INDEX } from '@outrider/core/spec'
import { placeRows } from './early-exit-rows'
import { type Topology, topology } from './options'

/**
 * Drafts with the target's first layers over the very rows that are verified afterwards. Their keys and values go where the verify
 * pass would put them, with the same bits; what enters layer `layer` is kept for it. A round leaves nothing to keep in step.
 */
export class EarlyExitProposer implements Proposer {
  readonly reusable = true
  readonly #owned = new Owned()
  readonly #index: Tensor
  /** Residual streams entering `layer`, f32 [maxRows, hidden], by row of the tree. */
  readonly #entering: Tensor
  readonly #programs: Programs
  /** Committed entries, or more: those of before the session went back. */
  #length = 0

  constructor(
    private readonly session: SessionView,
    private readonly target: TargetModel,
    private readonly layer: number,
    private readonly children: readonly number[],
  ) {
    const { backend, maxRows } = session
    try {
      this.#index = this.#owned.add(backend.tensor([INDEX.words], 'u32', 'early exit index'))
      const shape = [maxRows, target.config.hidden]
      this.#entering = this.#owned.add(backend.tensor(shape, 'f32', 'early exit states'))
      this.#programs = this.#owned.add(new Programs(backend))
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
  }

  propose({ nodes, depth }: Budget): DeviceDraft | null {
    const { parents, levels } = topology(this.children, nodes, depth)
    if (levels.length === 0) return null
    const { noise } = this.session
    const reach = passReach(this.#length + 1 + parents.length)
    const key = `early exit ${levels.length} levels below ${reach}${noise ? ' with noise' : ''}`
    const program = this.#programs.get(key, (ops) => this.#draft(ops, levels, noise, reach))
    const computed = { layer: this.layer, x: this.#entering }
    return { programs: [program], nodes: parents.length, parents, computed, q: noise !== null && !!this.session.q }
  }

  observe({ length }: Committed): void {
    this.#length = length
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #draft(ops: Ops, levels: Topology['levels'], noise: DraftNoise | null, reach: number): void {
    const { tree, sequence } = this.session
    ops.treeIndex({ tree, sequence, index: this.#index })
    const above = [{ first: -1, count: 1 }, ...levels]
    above.forEach(({ first, count }, depth) => {
      const pass: Pass = { rows: count, first: first + 1, reach, tokens: tree.tokens, index: this.#index }
      const x = this.#run(ops, pass)
      const level = levels[depth]
      if (level) this.#choose(ops, x, pass, level, noise)
    })
  }

  /** The first layers over the rows of a level. */
  #run(ops: Ops, level: Pass): Tensor {
    const { cache, maxRows } = this.session
    const { rows: count, first } = level
    // As many rows as the engine's self-check compares: those behind the level are later ones, and are run again in their turn.
    const rows = Math.min(2 ** Math.ceil(Math.log2(count)), maxRows - first)
    const x = this.target.forward(ops, { pass: { ...level, rows }, cache, to: this.layer })
    placeRows(ops, { x, rows: count, out: this.#entering, at: first })
    return x
  }

  /** The best children of each row of `pass`, with the session's noise where there is some, become the tokens of a level. */
  #choose(
    ops: Ops,
    x: Tensor,
    pass: Pass,
    { first, children }: Topology['levels'][number],
    noise: DraftNoise | null,
  ): void {
    const { vocab } = this.target.config
    const { rows } = pass
    const logits = this.target.logits(ops, { x, rows })
    const { q, tree } = this.session
    if (noise && q) keepDrawn(ops, { logits, vocab, rows, first: pass.first, q, ...noise })
    if (noise) ops.perturbLogits({ logits, vocab, pass, ...noise })
    const { tokens } = tree
    const at = first + 1
    if (children === 1) ops.argmax({ logits, vocab, rows, out: tokens, at })
    else ops.topK({ logits, vocab, rows, k: children, ids: tokens, at })
  }
}
