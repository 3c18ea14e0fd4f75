import { throwIfAborted } from '../abort'
import { interleaveRows, pairRows, pairVector, rowBytes, stackRows } from '../load'
import type { Owned } from '../owned'
import type { Backend, Checkpoint, LoadProgress, Norm, Tensor, TensorFiles, Weight, WeightSource } from '../spec'
import type { LayerShape, LayerWeights } from './layer'

/** How weights are read. */
export interface ReadOptions {
  /** Order of the rows of q and k within a head. Default Hugging Face's `halves`. */
  readonly rotaryOrder?: Checkpoint['rotaryOrder']
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts tensors of a checkpoint on a device under one owner, telling how far it is. Every method throws `TENSOR_MISSING`,
 * `TENSOR_SHAPE`, `UNSUPPORTED_FORMAT`, `FILE_TRUNCATED`, `OUT_OF_MEMORY`, `ABORTED`; the owner then frees what was taken.
 *
 * @example
 * ```ts
 * import { openTensors, Owned, WeightReader } from '@outrider/core'
 * import { referenceBackend } from '@outrider/core/reference'
 *
 * const owned = new Owned()
 * const reader = new WeightReader(referenceBackend(), await openTensors('./models/stories-5m/eagle3'), owned)
 * const fc = await reader.matrix('fc.weight', [256, 768])
 * ```
 */
export class WeightReader {
  #doneBytes = 0

  constructor(
    private readonly backend: Backend,
    private readonly files: TensorFiles,
    private readonly owned: Owned,
    private readonly options: ReadOptions = {},
  ) {}

  /** A matrix by name, [outputs, inputs]. */
  matrix(name: string, shape: readonly [number, number]): Promise<Weight> {
    return this.weight(this.files.matrix(name, shape))
  }

  /** A matrix that is made of others (`stackRows`). */
  async weight(source: WeightSource): Promise<Weight> {
    throwIfAborted(this.options.signal)
    const weight = this.owned.add(await this.backend.weight(source, source.name))
    this.#doneBytes += source.shape[0] * rowBytes(source.format, source.shape[1])
    const [doneBytes, totalBytes] = [this.#doneBytes, this.files.bytes]
    this.options.onProgress?.({ item: source.name, stage: 'weights', doneBytes, totalBytes })
    return weight
  }

  /** f32 [length]. */
  async vector(name: string, length: number): Promise<Tensor> {
    return this.#vector(await this.files.vector(name, length), name)
  }

  async norm(name: string, length: number, eps: number): Promise<Norm> {
    return { gain: await this.vector(name, length), eps }
  }

  /** A decoder layer whose tensors begin with `prefix`, Hugging Face's names after it; `inputNorm: false` where it has none. */
  async layer(
    prefix: string,
    shape: LayerShape,
    options: { readonly inputNorm?: boolean } = {},
  ): Promise<LayerWeights> {
    const { hidden, heads, headDim, intermediate, eps } = shape
    const matrix = (name: string, outputs: number, inputs: number) =>
      this.files.matrix(`${prefix}.${name}.weight`, [outputs, inputs])
    const gate = matrix('mlp.gate_proj', intermediate, hidden)
    const up = matrix('mlp.up_proj', intermediate, hidden)
    const inputNorm = options.inputNorm ?? true
    return {
      inputNorm: inputNorm ? await this.norm(`${prefix}.input_layernorm.weight`, hidden, eps) : undefined,
      qkv: await this.#qkv(prefix, shape),
      qkvBias: await this.#qkvBias(prefix, shape),
      headNorm: await this.#headNorm(prefix, shape),
      output: await this.weight(matrix('self_attn.o_proj', hidden, heads * headDim)),
      postNorm: await this.norm(`${prefix}.post_attention_layernorm.weight`, hidden, eps),
      gateUp: await this.weight(interleaveRows(gate, up)),
      down: await this.weight(matrix('mlp.down_proj', hidden, intermediate)),
    }
  }

  #vector(values: Float32Array, label: string): Tensor {
    const tensor = this.owned.add(this.backend.tensor([values.length], 'f32', label))
    this.backend.write(tensor, values)
    return tensor
  }

  get #halves(): boolean {
    return (this.options.rotaryOrder ?? 'halves') === 'halves'
  }

  /** Neighbours of one format become one weight, so that a layer usually has a single projection to dispatch. */
  async #qkv(prefix: string, shape: LayerShape): Promise<readonly Weight[]> {
    const { heads, kvHeads, headDim, inputs = shape.hidden } = shape
    const source = (which: string, count: number) =>
      this.files.matrix(`${prefix}.self_attn.${which}_proj.weight`, [count * headDim, inputs])
    const paired = (part: WeightSource) => (this.#halves ? pairRows(part, headDim) : part)
    const groups: WeightSource[][] = []
    for (const part of [paired(source('q', heads)), paired(source('k', kvHeads)), source('v', kvHeads)]) {
      const last = groups.at(-1)
      if (last?.[0]?.format === part.format) last.push(part)
      else groups.push([part])
    }
    const weights: Weight[] = []
    for (const group of groups)
      weights.push(await this.weight(group.length > 1 ? stackRows(group) : (group[0] as WeightSource)))
    return weights
  }

  #paired(values: Float32Array, headDim: number): Float32Array {
    return this.#halves ? pairVector(values, headDim) : values
  }

  async #qkvBias(prefix: string, { qkvBias, heads, kvHeads, headDim }: LayerShape): Promise<Tensor | undefined> {
    if (!qkvBias) return undefined
    const part = (which: string, count: number) =>
      this.files.vector(`${prefix}.self_attn.${which}_proj.bias`, count * headDim)
    const values = new Float32Array((heads + 2 * kvHeads) * headDim)
    values.set(this.#paired(await part('q', heads), headDim), 0)
    values.set(this.#paired(await part('k', kvHeads), headDim), heads * headDim)
    values.set(await part('v', kvHeads), (heads + kvHeads) * headDim)
    return this.#vector(values, `${prefix}.self_attn.qkv.bias`)
  }

  async #headNorm(prefix: string, { headNorm, headDim, eps }: LayerShape): Promise<LayerWeights['headNorm']> {
    if (!headNorm) return undefined
    const norm = async (which: string) => {
      const name = `${prefix}.self_attn.${which}_norm.weight`
      return { gain: this.#vector(this.#paired(await this.files.vector(name, headDim), headDim), name), eps }
    }
    return { q: await norm('q'), k: await norm('k') }
  }
}
