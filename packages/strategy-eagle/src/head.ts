import {
  type Backend,
  type CacheShape,
  type FeatureArgs,
  type FeatureHead,
  type KvCache,
  type LayerSpace,
  layerSpace,
  type Ops,
  type Owned,
  type Pass,
  recordLayer,
  type Tensor,
} from '@outrider/core'
import type { HeadConfig } from './head-config'
import type { HeadWeights } from './weights'

/** Activations of a head. They belong to the strategy: an engine's sessions take turns. */
interface Space extends LayerSpace {
  readonly embedded: Tensor
  readonly joined: Tensor
  readonly stream: Tensor
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
      embedded: rows(weights.embedding.shape[1], 'embedding'),
      joined: rows(2 * hidden, 'input'),
      stream: rows(hidden, 'residual stream'),
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

  step(ops: Ops, { pass, g, cache }: { pass: Pass; g: Tensor; cache: KvCache }): Tensor {
    const { embedded, joined, stream: x } = this.#space
    const { embedding, inputNorms, layers, outputNorm, projection, rope } = this.weights
    const { shape, model, normedResidual, normedOutput } = this.config
    const { rows } = pass
    ops.embed({ table: embedding, pass, out: embedded })
    const parts = [
      { x: embedded, ...norm(inputNorms?.embedding) },
      { x: g, ...norm(inputNorms?.feature) },
    ]
    ops.concat({ parts, out: joined, rows })
    if (inputNorms) {
      if (normedResidual) ops.rmsNorm({ x: g, norm: inputNorms.feature, out: x, rows })
      else if (g !== x) ops.concat({ parts: [{ x: g }], out: x, rows })
    } else if (projection) {
      const { weight, bias } = projection
      ops.linear({ x: joined, weight, out: x, rows, ...(bias && { bias }), pass })
    }
    layers.forEach((layer, i) => {
      const run = { layer, rope, pass, cache: cache.layer(i), space: this.#space, x }
      recordLayer(ops, i === 0 ? { ...run, shape, ...(inputNorms && { input: joined }) } : { ...run, shape: model })
    })
    if (normedOutput && outputNorm) ops.rmsNorm({ x, norm: outputNorm, out: x, rows })
    return x
  }

  logits(ops: Ops, { x, rows }: { x: Tensor; rows: number }): Tensor {
    const { logits } = this.#space
    const { lmHead: weight, outputNorm } = this.weights
    ops.linear({ x, weight, out: logits, rows, ...norm(this.config.normedOutput ? undefined : outputNorm) })
    return logits
  }
}

function norm<T>(value: T | undefined): { norm: T } | Record<never, never> {
  return value === undefined ? {} : { norm: value }
}
