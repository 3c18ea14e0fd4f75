import {
  type Backend,
  type CacheShape,
  type FeatureArgs,
  type FeatureHead,
  type LayerSpace,
  layerSpace,
  type Ops,
  type Owned,
  type RowPart,
  recordLayer,
  type Tensor,
} from '@outrider/core'
import type { HeadConfig } from './head-config'
import type { HeadWeights } from './weights'

/** Activations of a head. They belong to the strategy: an engine's sessions take turns. */
interface Space extends LayerSpace {
  readonly stream: Tensor
  /** The stream of every other step, where one is made of the one before. */
  readonly other: Tensor | undefined
  readonly feature: Tensor
  readonly captured: Tensor | undefined
  readonly picked: Tensor | undefined
  readonly logits: Tensor
}

/** The forward of every EAGLE head, by the data of its configuration. */
export class EagleHead implements FeatureHead {
  readonly label: string = 'eagle'
  readonly mostLogits: number
  readonly #space: Space

  constructor(
    backend: Backend,
    private readonly config: HeadConfig,
    private readonly weights: HeadWeights,
    /** Rows of the largest pass, and rows of the largest choice. */
    size: { readonly rows: number; readonly choices: number },
    owned: Owned,
  ) {
    this.mostLogits = size.choices
    const { hidden } = config.model
    const rows = (width: number, label: string, count: number = size.rows) =>
      owned.add(backend.tensor([count, width], 'f32', `head ${label}`))
    const projected = config.layout.join === 'attention' ? weights.projection?.weight.shape[1] : undefined
    this.#space = {
      ...layerSpace(backend, owned, config.shape, size.rows),
      stream: rows(hidden, 'residual stream'),
      other: config.layout.join === 'stream' || config.normedResidual ? rows(hidden, 'residual stream') : undefined,
      feature: rows(hidden, 'feature'),
      captured: projected === undefined ? undefined : rows(projected, 'captured states'),
      picked: projected === undefined ? undefined : rows(projected, 'picked states'),
      logits: rows(weights.vocab, 'logits', size.choices),
    }
  }

  get reads(): FeatureHead['reads'] {
    return this.config.features
  }

  get cache(): CacheShape {
    const { layers, model } = this.config
    return { ...model, layers }
  }

  get width(): number {
    return this.config.model.hidden
  }

  get vocab(): number {
    return this.weights.vocab
  }

  get targetIds(): Tensor | null {
    return this.weights.targetIds
  }

  get gathered(): Tensor {
    return this.#space.feature
  }

  features(ops: Ops, { states, from, rows, pick }: FeatureArgs): Tensor {
    const { captured, picked, feature } = this.#space
    const { projection, captureNorms } = this.weights
    const [only] = states as [Tensor]
    if (!captured || !picked || !projection) {
      if (!pick) return only
      ops.gatherRows({ x: only, ...pick, rows, out: feature })
      return feature
    }
    const parts = states.map((x, i) => ({ x, ...norm(captureNorms?.[i]) }))
    ops.concat({ parts, out: captured, rows: from })
    if (pick) ops.gatherRows({ x: captured, ...pick, rows, out: picked })
    const { weight, bias, norm: before } = projection
    ops.linear({ x: pick ? picked : captured, weight, out: feature, rows, ...norm(before), ...(bias && { bias }) })
    return feature
  }

  step(ops: Ops, { pass, g, cache }: Parameters<FeatureHead['step']>[1]): Tensor {
    const { stream, other } = this.#space
    const x = g === stream && other ? other : stream
    const { embedding, inputNorms, layers, outputNorm, projection, rope } = this.weights
    const { shape, model, normedResidual, normedOutput } = this.config
    const { rows } = pass
    const parts: readonly RowPart[] = [
      { table: embedding, pass, ...norm(inputNorms?.embedding) },
      { x: g, ...norm(inputNorms?.feature) },
    ]
    if (inputNorms && normedResidual) ops.rmsNorm({ x: g, norm: inputNorms.feature, out: x, rows })
    if (!inputNorms && projection) {
      const { weight, bias } = projection
      ops.linear({ x: parts, weight, out: x, rows, ...(bias && { bias }), pass })
    }
    const joined = inputNorms && { input: parts, ...(!normedResidual && { residual: g }) }
    layers.forEach((layer, i) => {
      const run = { layer, rope, pass, cache: cache.layer(i), space: this.#space, x }
      recordLayer(ops, i === 0 ? { ...run, shape, ...joined } : { ...run, shape: model })
    })
    if (normedOutput && outputNorm) ops.rmsNorm({ x, norm: outputNorm, out: x, rows })
    return x
  }

  logits(ops: Ops, { x, rows, pass }: Parameters<FeatureHead['logits']>[1]): Tensor {
    const { logits } = this.#space
    const { lmHead: weight, outputNorm } = this.weights
    const before = norm(this.config.normedOutput ? undefined : outputNorm)
    ops.linear({ x, weight, out: logits, rows, ...before, ...(pass && { pass }) })
    return logits
  }
}

function norm<T>(value: T | undefined): { norm: T } | Record<never, never> {
  return value === undefined ? {} : { norm: value }
}
