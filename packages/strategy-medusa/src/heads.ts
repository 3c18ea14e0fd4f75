import type { Backend, DraftNoise, Ops, Owned, Pass, Tensor, Weight } from '@outrider/core'
import { residual } from './kernels'
import type { HeadWeights, Linear } from './weights'

/** What a run of the heads reads and leaves. */
export interface HeadRun {
  /** f32 [1, hidden]: the target's state, after its final norm, at the last position before the pending token. */
  readonly hidden: Tensor
  /** How many heads run, from the first. */
  readonly heads: number
  /** How many choices of each are wanted. */
  readonly choices: number
  /** u32: the choices, best first, as rows of the LM heads: ids[at + head · choices + rank]. */
  readonly ids: Tensor
  readonly at: number
  /** Noise to draw with, and a pass whose row `head` stands at the position before the head's token. Absent: the best are chosen. */
  readonly drawn?: DraftNoise & Pick<Pass, 'tokens' | 'index'>
}

/**
 * Medusa heads as op calls over one hidden state: residual blocks x + silu(Wx + b), then an LM head (Cai et al. 2024).
 * Activations belong to the heads: passes of one engine run one after another.
 */
export class MedusaHeads {
  readonly #linear: Tensor
  readonly #states: Tensor
  readonly #logits: Tensor
  /** States and linear output between the blocks of a head; empty where heads have one block. */
  readonly #between: readonly Tensor[]
  readonly #hidden: number

  constructor(
    backend: Backend,
    owned: Owned,
    readonly weights: HeadWeights,
  ) {
    const { count, first, deeper, lm } = weights
    const rows = lm.weights.length === 1 ? count : 1
    const hidden = first.weight.shape[1]
    const floats = (height: number, width: number, label: string) =>
      owned.add(backend.tensor([height, width], 'f32', label))
    this.#hidden = hidden
    this.#linear = floats(1, count * hidden, 'medusa linear')
    this.#states = floats(rows, hidden, 'medusa states')
    this.#logits = floats(rows, lm.vocab, 'medusa logits')
    const between = deeper.some(({ length }) => length > 0) ? ['state', 'next state', 'linear'] : []
    this.#between = between.map((what) => floats(1, hidden, `medusa ${what} between blocks`))
  }

  record(ops: Ops, run: HeadRun): void {
    const { first, lm } = this.weights
    const each = Array.from({ length: run.heads }, (_, head) => head)
    this.#apply(ops, first, run.hidden, this.#linear)
    if (lm.weights.length > 1)
      for (const head of each) {
        this.#state(ops, run.hidden, head, 0)
        this.#choose(ops, run, lm.weights[head] as Weight, 1, head)
      }
    else {
      if (this.#between.length > 0) for (const head of each) this.#state(ops, run.hidden, head, head)
      else this.#residual(ops, run.hidden, this.#linear, 0, this.#states, 0, run.heads)
      this.#choose(ops, run, lm.weights[0] as Weight, run.heads, 0)
    }
  }

  /** All blocks of one head; what comes out is row `row` of the states. */
  #state(ops: Ops, hidden: Tensor, head: number, row: number): void {
    const further = this.weights.deeper[head] ?? []
    if (further.length === 0) {
      this.#residual(ops, hidden, this.#linear, head, this.#states, row)
      return
    }
    let [from, to] = this.#between as [Tensor, Tensor]
    const linear = this.#between[2] as Tensor
    this.#residual(ops, hidden, this.#linear, head, from, 0)
    for (const layer of further) {
      this.#apply(ops, layer, from, linear)
      if (layer === further.at(-1)) this.#residual(ops, from, linear, 0, this.#states, row)
      else this.#residual(ops, from, linear, 0, to, 0)
      ;[from, to] = [to, from]
    }
  }

  #apply(ops: Ops, { weight, bias }: Linear, x: Tensor, out: Tensor): void {
    ops.linear({ x, weight, out, rows: 1, ...(bias && { bias }) })
  }

  /** Rows `to` of `out` = x + silu(rows `from` of z), for `rows` rows of z over one x. */
  #residual(ops: Ops, x: Tensor, z: Tensor, from: number, out: Tensor, to: number, rows = 1): void {
    const width = this.#hidden
    residual(ops, { x, width, z, zAt: from * width, out, outAt: to * width, count: rows * width })
  }

  /** Logits of `rows` states, and the choices of the heads from `head` on. */
  #choose(ops: Ops, run: HeadRun, weight: Weight, rows: number, head: number): void {
    const { choices: k, ids, drawn } = run
    const logits = this.#logits
    ops.linear({ x: this.#states, weight, out: logits, rows })
    const { vocab, tokenMap: targetIds } = this.weights.lm
    if (drawn) {
      const { tokens, index, ...noise } = drawn
      const pass = { rows, first: head, tokens, index }
      ops.perturbLogits({ logits, vocab, pass, ...(targetIds && { targetIds }), ...noise })
    }
    ops.topK({ logits, vocab, rows, k, ids, at: run.at + head * k })
  }
}
