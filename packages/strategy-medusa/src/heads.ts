import type { Backend, DraftNoise, Ops, Owned, Pass, Tensor, Weight } from '@outrider/core'
import { residual, type StatePlace } from './kernels'
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
  /** f32: their log-probabilities, nats, in the same places. Absent: they are not wanted. */
  readonly logProbs?: Tensor
  /** Noise to draw with, and a pass whose row `head` stands at the position before the head's token. Absent: the best are chosen. */
  readonly drawn?: DraftNoise & Pick<Pass, 'tokens' | 'index'>
}

/** Heads whose states are made in one dispatch: with what they read, a device's fewest bindings. */
const mostTogether = 6

/**
 * Medusa heads as op calls over one hidden state: residual blocks x + silu(Wx + b), then an LM head (Cai et al. 2024).
 * Activations belong to the heads: passes of one engine run one after another.
 */
export class MedusaHeads {
  readonly #linear: Tensor
  /** Where each head's state stands: in one tensor where all have one LM head, else each in its own. */
  readonly #states: readonly StatePlace[]
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
    const shared = lm.weights.length === 1
    const hidden = first.weight.shape[1]
    const floats = (height: number, width: number, label: string) =>
      owned.add(backend.tensor([height, width], 'f32', label))
    this.#hidden = hidden
    this.#linear = floats(1, count * hidden, 'medusa linear')
    const all = shared ? floats(count, hidden, 'medusa states') : null
    this.#states = Array.from({ length: count }, (_, head) =>
      all ? { tensor: all, row: head } : { tensor: floats(1, hidden, `medusa state ${head}`), row: 0 },
    )
    this.#logits = floats(shared ? count : 1, lm.vocab, 'medusa logits')
    const between = deeper.some(({ length }) => length > 0) ? ['state', 'next state', 'linear'] : []
    this.#between = between.map((what) => floats(1, hidden, `medusa ${what} between blocks`))
  }

  record(ops: Ops, run: HeadRun): void {
    const { first, lm } = this.weights
    const states = this.#states.slice(0, run.heads)
    this.#apply(ops, first, run.hidden, this.#linear)
    if (this.#between.length > 0) for (const head of states.keys()) this.#state(ops, run.hidden, head)
    else
      for (let from = 0; from < run.heads; from += mostTogether)
        this.#residual(ops, run.hidden, this.#linear, from, states.slice(from, from + mostTogether))
    if (lm.weights.length === 1) this.#choose(ops, run, lm.weights[0] as Weight, run.heads, 0)
    else for (const head of states.keys()) this.#choose(ops, run, lm.weights[head] as Weight, 1, head)
  }

  /** All blocks of one head. */
  #state(ops: Ops, hidden: Tensor, head: number): void {
    const further = this.weights.deeper[head] ?? []
    const [state, ...places] = this.#between
    let [from, to] = [state as Tensor, places[0] as Tensor]
    const linear = places[1] as Tensor
    const last = this.#states[head] as StatePlace
    this.#residual(ops, hidden, this.#linear, head, [further.length === 0 ? last : { tensor: from, row: 0 }])
    for (const layer of further) {
      this.#apply(ops, layer, from, linear)
      this.#residual(ops, from, linear, 0, [layer === further.at(-1) ? last : { tensor: to, row: 0 }])
      ;[from, to] = [to, from]
    }
  }

  #apply(ops: Ops, { weight, bias }: Linear, x: Tensor, out: Tensor): void {
    ops.linear({ x, weight, out, rows: 1, ...(bias && { bias }) })
  }

  /** `out` = x + silu(rows of z from `from` on). */
  #residual(ops: Ops, x: Tensor, z: Tensor, from: number, out: readonly StatePlace[]): void {
    residual(ops, { x, width: this.#hidden, z, from, out })
  }

  /** Logits of `rows` states, and the choices of the heads from `head` on. */
  #choose(ops: Ops, run: HeadRun, weight: Weight, rows: number, head: number): void {
    const { choices: k, ids, logProbs, drawn } = run
    const logits = this.#logits
    const { tensor: x } = this.#states[head] as StatePlace
    ops.linear({ x, weight, out: logits, rows })
    const { vocab, tokenMap: targetIds } = this.weights.lm
    if (drawn) {
      const { tokens, index, ...noise } = drawn
      const pass = { rows, first: head, tokens, index }
      ops.perturbLogits({ logits, vocab, pass, ...(targetIds && { targetIds }), ...noise })
    }
    ops.topK({ logits, vocab, rows, k, ids, at: run.at + head * k, ...(logProbs && { logProbs }) })
  }
}
