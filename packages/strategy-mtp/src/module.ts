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
  /** The residual streams of one step and the next. */
  readonly streams: readonly [Tensor, Tensor]
  readonly logits: Tensor
}

/** What one module runs on. */
export interface ModuleRun {
  readonly module: number
  readonly pass: Pass
  /** f32 [rows, hidden]: for each row the hidden state that is fed. */
  readonly g: Tensor
  /** Whether these are states that the module before gave, or with one module itself, not the target's. */
  readonly own: boolean
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
      streams: [rows(model.hidden, 'residual stream'), rows(model.hidden, 'residual stream')],
      logits: rows(this.vocab, 'logits', size.choices),
    }
  }

  get vocab(): number {
    return this.#join(0).lmHead.shape[0]
  }

  /** Records a step of one module and gives its state before the final norm: f32 [rows, hidden], which holds until the next step. */
  step(ops: Ops, { module, pass, g, own, cache }: ModuleRun): Tensor {
    const { layout, model: shape, rope, modules } = this.weights
    const { embedded, streams } = this.#space
    const x = g === streams[0] ? streams[1] : streams[0]
    const { embedding, embeddingNorm, hiddenNorm, projection } = this.#join(module)
    const { rows } = pass
    // Nodes of a draft stand behind position 0.
    const zeroes = layout.zeroesFirst && pass.first === 0
    if (zeroes) {
      ops.embed({ table: embedding, pass, out: embedded })
      zeroFirst(ops, { x: embedded, pass })
    }
    const token = { ...(zeroes ? { x: embedded } : { table: embedding, pass }), norm: embeddingNorm }
    const { finalNorm: before } = this.#join(Math.max(0, module - 1))
    const hidden = { x: g, norm: hiddenNorm, ...(own && this.recycled === 'normed' && { before }) }
    const parts = layout.first === 'embedding' ? [token, hidden] : [hidden, token]
    ops.linear({ x: parts, weight: projection, out: x, rows, pass })
    const { layer } = modules[module] as ModuleWeights['modules'][number]
    recordLayer(ops, { layer, shape, rope, pass, cache, space: this.#space, x })
    return x
  }

  /** Records the logits of states that `step` gave: f32 [rows, vocab]. */
  logits(
    ops: Ops,
    { module, x, rows, pass }: { module: number; x: Tensor; rows: number; pass?: Pass | undefined },
  ): Tensor {
    const { logits } = this.#space
    const { lmHead: weight, finalNorm: norm } = this.#join(module)
    ops.linear({ x, weight, out: logits, rows, norm, ...(pass && { pass }) })
    return logits
  }

  #join(module: number): JoinWeights {
    return this.weights.modules[module]?.join as JoinWeights
  }
}
