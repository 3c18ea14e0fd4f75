import type { Owned } from '../owned'
import type { Backend, KvLayer, ModelConfig, Norm, Ops, Pass, RopeTable, RowPart, Tensor, Weight } from '../spec'

/** Sizes of a decoder layer. A model's configuration is one; a head's layer may take a wider attention input. */
export interface LayerShape
  extends Pick<
    ModelConfig,
    'hidden' | 'heads' | 'kvHeads' | 'headDim' | 'intermediate' | 'eps' | 'qkvBias' | 'headNorm'
  > {
  /** Width of what q, k and v are projected from; default `hidden`. */
  readonly inputs?: number
}

/** One decoder layer on the device. */
export interface LayerWeights {
  /** Undefined where attention takes its input as it is. */
  readonly inputNorm: Norm | undefined
  /** q, k and v, pair order, one below the other; several where their formats differ. */
  readonly qkv: readonly Weight[]
  readonly qkvBias: Tensor | undefined
  readonly headNorm: { readonly q: Norm; readonly k: Norm } | undefined
  readonly output: Weight
  readonly postNorm: Norm
  /** Gate and up, rows alternating. */
  readonly gateUp: Weight
  readonly down: Weight
}

/** Activations within a layer, for passes of up to `maxRows` rows. */
export interface LayerSpace {
  readonly queries: Tensor
  readonly mixed: Tensor
  readonly gated: Tensor
}

/**
 * Allocates what `recordLayer` uses, as `owned`'s. Throws `OUT_OF_MEMORY`.
 *
 * @example
 * ```ts
 * import { layerSpace, Owned, type SessionView, type TargetModel } from '@outrider/core'
 *
 * const owned = new Owned()
 * export const spaceLike = ({ backend, maxRows }: SessionView, { config }: TargetModel) =>
 *   layerSpace(backend, owned, config, maxRows)
 * ```
 */
export function layerSpace(backend: Backend, owned: Owned, shape: LayerShape, maxRows: number): LayerSpace {
  const rows = (width: number, label: string) => owned.add(backend.tensor([maxRows, width], 'f32', label))
  return {
    queries: rows(shape.heads * shape.headDim, 'queries'),
    mixed: rows(shape.heads * shape.headDim, 'attention output'),
    gated: rows(shape.intermediate, 'gated'),
  }
}

/** What a layer runs on. */
export interface LayerRun {
  readonly layer: LayerWeights
  readonly shape: LayerShape
  readonly rope: RopeTable
  readonly pass: Pass
  readonly cache: KvLayer
  readonly space: LayerSpace
  /** The residual stream, f32 [rows, hidden]: the layer adds to it. */
  readonly x: Tensor
  /** What attention reads, f32 [rows, inputs] or parts that make such rows; default the residual stream. */
  readonly input?: Tensor | readonly RowPart[]
  /** What attention's output is added to, f32 [rows, hidden]; default the residual stream as it is. */
  readonly residual?: Tensor
}

/**
 * Records one layer of the Llama family in five ops: attention and SwiGLU, each added to the residual stream (Touvron et al.
 * 2023). Heads that are a decoder layer of their own (EAGLE, MTP) record theirs with it.
 *
 * @example
 * ```ts
 * import { type LayerRun, recordLayer } from '@outrider/core'
 * import type { Ops } from '@outrider/core/spec'
 *
 * export const twice = (ops: Ops, run: LayerRun): void => {
 *   recordLayer(ops, run)
 *   recordLayer(ops, run)
 * }
 * ```
 */
export function recordLayer(ops: Ops, run: LayerRun): void {
  const { layer, shape, rope, pass, cache, space, x } = run
  const { heads, kvHeads, headDim } = shape
  const { rows } = pass
  ops.qkv({
    x: run.input ?? x,
    weights: layer.qkv,
    heads,
    kvHeads,
    headDim,
    rope,
    pass,
    q: space.queries,
    cache,
    ...(layer.inputNorm && { norm: layer.inputNorm }),
    ...(layer.qkvBias && { bias: layer.qkvBias }),
    ...(layer.headNorm && { headNorm: layer.headNorm }),
  })
  ops.treeAttention({ q: space.queries, cache, heads, kvHeads, headDim, pass, out: space.mixed })
  const residual = run.residual && run.residual !== x ? { addend: run.residual } : { accumulate: true }
  ops.linear({ x: space.mixed, weight: layer.output, out: x, rows, ...residual, pass })
  ops.gatedLinear({ x, weight: layer.gateUp, out: space.gated, rows, norm: layer.postNorm, pass })
  ops.linear({ x: space.gated, weight: layer.down, out: x, rows, accumulate: true, pass })
}
