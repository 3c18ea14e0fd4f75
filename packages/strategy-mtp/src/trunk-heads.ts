import {
  type Backend,
  type KvCache,
  type LayerSpace,
  layerSpace,
  type Ops,
  type Owned,
  type Pass,
  recordLayer,
  type TargetModel,
  type Tensor,
} from '@outrider/core'
import { putLast } from './kernels'
import type { ModuleWeights } from './weights'

/**
 * Meta's independent heads (Gloeckle et al. 2024, arXiv 2404.19737): each a decoder layer in the place of the target's last one, over
 * the same trunk, with the target's final norm and LM head. Activations are the heads' own: an engine's sessions take turns.
 */
export class TrunkHeads {
  readonly #space: LayerSpace
  readonly #stream: Tensor
  readonly #logits: Tensor
  /** Where states may be gathered, f32 [rows, hidden]. */
  readonly gathered: Tensor

  /** `rows`: of the largest pass. Throws `OUT_OF_MEMORY`. */
  constructor(
    backend: Backend,
    readonly weights: ModuleWeights,
    private readonly target: TargetModel,
    rows: number,
    owned: Owned,
  ) {
    const { model, modules } = weights
    const floats = (count: number, width: number, label: string) =>
      owned.add(backend.tensor([count, width], 'f32', `mtp ${label}`))
    this.#space = layerSpace(backend, owned, model, rows)
    this.#stream = floats(rows, model.hidden, 'residual stream')
    this.gathered = floats(rows, model.hidden, 'gathered states')
    this.#logits = floats(modules.length, this.vocab, 'logits')
  }

  get vocab(): number {
    return this.target.lmHead.shape[0]
  }

  /** Records all heads over the trunk's states `g`, f32 [rows, hidden]; the last row of head i is left in `last`[i]. */
  step(ops: Ops, { pass, g, cache, last }: { pass: Pass; g: Tensor; cache: KvCache; last: Tensor }): void {
    const { model: shape, rope, modules } = this.weights
    const x = this.#stream
    for (const [head, { layer }] of modules.entries()) {
      ops.concat({ parts: [{ x: g }], out: x, rows: pass.rows })
      recordLayer(ops, { layer, shape, rope, pass, cache: cache.layer(head), space: this.#space, x })
      putLast(ops, { x, pass, out: last, to: head })
    }
  }

  /** Records the logits of the first `rows` heads: f32 [rows, vocab]. */
  logits(ops: Ops, { x, rows }: { x: Tensor; rows: number }): Tensor {
    const { lmHead: weight, finalNorm: norm } = this.target
    ops.linear({ x, weight, norm, out: this.#logits, rows })
    return this.#logits
  }
}
