import {
  type Backend,
  type KvLayer,
  type LayerSpace,
  layerSpace,
  type Ops,
  type Owned,
  type Pass,
  recordLayer,
  type Tensor,
} from '@outrider/core'
import { zeroFirst } from './kernels'
import type { JoinWeights, ModuleWeights } from './weights'

/** Activations of all modules. They belong to the strategy: an engine's sessions take turns. */
interface Space extends LayerSpace {
  readonly embedded: Tensor
  readonly joined: Tensor
  readonly stream: Tensor
  readonly logits: Tensor
}

/** What one module runs on. */
export interface ModuleRun {
  readonly module: number
  readonly pass: Pass
  /** f32 [rows, hidden]: for each row the hidden state that is fed. */
  readonly g: Tensor
  readonly cache: KvLayer
}

/** The forward of MTP modules, by the data of their layout (DeepSeek-V3, arXiv 2412.19437, section 2.2). */
export class MtpModules {
  /** Where states may be gathered, f32 [rows, hidden]. */
  readonly gathered: Tensor
  /** Rows of the largest choice. */
  readonly mostLogits: number
  readonly #space: Space

  /** `size`: rows of the largest pass, and rows of the largest choice. Throws `OUT_OF_MEMORY`. */
  constructor(
    backend: Backend,
    readonly weights: ModuleWeights,
    readonly recycled: 'normed' | 'stream',
    size: { readonly rows: number; readonly choices: number },
    owned: Owned,
  ) {
    const { model } = weights
    const rows = (width: number, label: string, count: number = size.rows) =>
      owned.add(backend.tensor([count, width], 'f32', `mtp ${label}`))
    this.mostLogits = size.choices
    this.gathered = rows(model.hidden, 'gathered states')
    this.#space = {
      ...layerSpace(backend, owned, model, size.rows),
      embedded: rows(model.hidden, 'embedding'),
      joined: rows(2 * model.hidden, 'input'),
      stream: rows(model.hidden, 'residual stream'),
      logits: rows(this.vocab, 'logits', size.choices),
    }
  }

  get vocab(): number {
    return this.#join(0).lmHead.shape[0]
  }

  /** Records a step of one module and gives the state that is recycled: f32 [rows, hidden], which holds until the next step. */
  step(ops: Ops, { module, pass, g, cache }: ModuleRun): Tensor {
    const { layout, model: shape, rope, modules } = this.weights
    const { embedded, joined, stream: x } = this.#space
    const { embedding, embeddingNorm, hiddenNorm, projection, finalNorm } = this.#join(module)
    const { rows } = pass
    ops.embed({ table: embedding, pass, out: embedded })
    if (layout.zeroesFirst) zeroFirst(ops, { x: embedded, pass })
    const token = { x: embedded, norm: embeddingNorm }
    const hidden = { x: g, norm: hiddenNorm }
    ops.concat({ parts: layout.first === 'embedding' ? [token, hidden] : [hidden, token], out: joined, rows })
    ops.linear({ x: joined, weight: projection, out: x, rows, pass })
    const { layer } = modules[module] as ModuleWeights['modules'][number]
    recordLayer(ops, { layer, shape, rope, pass, cache, space: this.#space, x })
    if (this.recycled === 'normed') ops.rmsNorm({ x, norm: finalNorm, out: x, rows, pass })
    return x
  }

  /** Records the logits of states that `step` gave: f32 [rows, vocab]. */
  logits(ops: Ops, { module, x, rows }: { module: number; x: Tensor; rows: number }): Tensor {
    const { logits } = this.#space
    const { lmHead: weight, finalNorm: norm } = this.#join(module)
    ops.linear({ x, weight, out: logits, rows, ...(this.recycled === 'stream' && { norm }) })
    return logits
  }

  #join(module: number): JoinWeights {
    return this.weights.modules[module]?.join as JoinWeights
  }
}
