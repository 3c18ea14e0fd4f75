import {
  type Budget,
  type DeviceDraft,
  type Ops,
  Owned,
  type Pass,
  Programs,
  type Proposer,
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
  readonly #owned = new Owned()
  readonly #index: Tensor
  /** Residual streams entering `layer`, f32 [maxRows, hidden], by row of the tree. */
  readonly #entering: Tensor
  readonly #programs: Programs

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
    const program = this.#programs.get(`early exit ${levels.length} levels`, (ops) => this.#draft(ops, levels))
    const computed = { layer: this.layer, x: this.#entering }
    return { programs: [program], nodes: parents.length, parents, computed }
  }

  dispose(): void {
    this.#owned.dispose()
  }

  #draft(ops: Ops, levels: Topology['levels']): void {
    const { tree, sequence } = this.session
    ops.treeIndex({ tree, sequence, index: this.#index })
    const above = [{ first: -1, count: 1 }, ...levels]
    above.forEach(({ first, count }, depth) => {
      const x = this.#run(ops, first + 1, count)
      const level = levels[depth]
      if (level) this.#choose(ops, x, count, level)
    })
  }

  /** The first layers over `count` rows of the tree from row `first` on. */
  #run(ops: Ops, first: number, count: number): Tensor {
    const { tree, cache, maxRows } = this.session
    // As many rows as the engine's self-check compares: those behind the level are later ones, and are run again in their turn.
    const rows = Math.min(2 ** Math.ceil(Math.log2(count)), maxRows - first)
    const pass: Pass = { rows, first, tokens: tree.tokens, index: this.#index }
    const x = this.target.forward(ops, { pass, cache, to: this.layer })
    placeRows(ops, { x, rows: count, out: this.#entering, at: first })
    return x
  }

  /** The best children of each of `rows` rows become the tokens of `level`. */
  #choose(ops: Ops, x: Tensor, rows: number, { first, children }: Topology['levels'][number]): void {
    const { vocab } = this.target.config
    const logits = this.target.logits(ops, { x, rows })
    const { tokens } = this.session.tree
    const at = first + 1
    if (children === 1) ops.argmax({ logits, vocab, rows, out: tokens, at })
    else ops.topK({ logits, vocab, rows, k: children, ids: tokens, at })
  }
}
