import { throwIfAborted } from '../abort'
import { interleaveRows, pairRows, pairVector, rowBytes, stackRows } from '../load'
import type { Owned } from '../owned'
import type { Backend, Checkpoint, LoadProgress, Norm, Tensor, Weight, WeightSource } from '../spec'

/** One decoder layer on the device. */
export interface LayerWeights {
  readonly inputNorm: Norm
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

/** Reads a checkpoint's tensors onto a device, telling how far it is. */
export class WeightReader {
  #doneBytes = 0

  constructor(
    private readonly backend: Backend,
    private readonly checkpoint: Checkpoint,
    private readonly owned: Owned,
    private readonly options: {
      readonly onProgress?: ((progress: LoadProgress) => void) | undefined
      readonly signal?: AbortSignal | undefined
    },
  ) {}

  async matrix(source: WeightSource): Promise<Weight> {
    throwIfAborted(this.options.signal)
    const weight = this.owned.add(await this.backend.weight(source, source.name))
    this.#doneBytes += source.shape[0] * rowBytes(source.format, source.shape[1])
    this.options.onProgress?.({
      item: source.name,
      stage: 'weights',
      doneBytes: this.#doneBytes,
      totalBytes: this.checkpoint.bytes,
    })
    return weight
  }

  named(name: string, shape: readonly [number, number]): Promise<Weight> {
    return this.matrix(this.checkpoint.matrix(name, shape))
  }

  vector(values: Float32Array, label: string): Tensor {
    const tensor = this.owned.add(this.backend.tensor([values.length], 'f32', label))
    this.backend.write(tensor, values)
    return tensor
  }

  async norm(name: string, length: number, order: (values: Float32Array) => Float32Array = (v) => v): Promise<Norm> {
    const values = order(await this.checkpoint.vector(name, length))
    return { gain: this.vector(values, name), eps: this.checkpoint.model.eps }
  }

  async layer(index: number): Promise<LayerWeights> {
    const { hidden, heads, headDim, intermediate } = this.checkpoint.model
    const at = `model.layers.${index}`
    const matrix = (name: string, outputs: number, inputs: number) =>
      this.checkpoint.matrix(`${at}.${name}.weight`, [outputs, inputs])
    const gate = matrix('mlp.gate_proj', intermediate, hidden)
    const up = matrix('mlp.up_proj', intermediate, hidden)
    return {
      inputNorm: await this.norm(`${at}.input_layernorm.weight`, hidden),
      qkv: await this.#qkv(at),
      qkvBias: await this.#qkvBias(at),
      headNorm: await this.#headNorm(at),
      output: await this.matrix(matrix('self_attn.o_proj', hidden, heads * headDim)),
      postNorm: await this.norm(`${at}.post_attention_layernorm.weight`, hidden),
      gateUp: await this.matrix(interleaveRows(gate, up)),
      down: await this.matrix(matrix('mlp.down_proj', hidden, intermediate)),
    }
  }

  #paired(source: WeightSource): WeightSource {
    return this.checkpoint.rotaryOrder === 'halves' ? pairRows(source, this.checkpoint.model.headDim) : source
  }

  #pairedVector(values: Float32Array): Float32Array {
    return this.checkpoint.rotaryOrder === 'halves' ? pairVector(values, this.checkpoint.model.headDim) : values
  }

  /** Neighbours of one format become one weight, so that a layer usually has a single projection to dispatch. */
  async #qkv(at: string): Promise<readonly Weight[]> {
    const { hidden, heads, kvHeads, headDim } = this.checkpoint.model
    const source = (which: string, count: number) =>
      this.checkpoint.matrix(`${at}.self_attn.${which}_proj.weight`, [count * headDim, hidden])
    const parts = [this.#paired(source('q', heads)), this.#paired(source('k', kvHeads)), source('v', kvHeads)]
    const groups: WeightSource[][] = []
    for (const part of parts) {
      const last = groups.at(-1)
      if (last?.[0]?.format === part.format) last.push(part)
      else groups.push([part])
    }
    const weights: Weight[] = []
    for (const group of groups)
      weights.push(await this.matrix(group.length > 1 ? stackRows(group) : (group[0] as WeightSource)))
    return weights
  }

  async #qkvBias(at: string): Promise<Tensor | undefined> {
    const { qkvBias, heads, kvHeads, headDim } = this.checkpoint.model
    if (!qkvBias) return undefined
    const part = (which: string, count: number) =>
      this.checkpoint.vector(`${at}.self_attn.${which}_proj.bias`, count * headDim)
    const values = new Float32Array((heads + 2 * kvHeads) * headDim)
    values.set(this.#pairedVector(await part('q', heads)), 0)
    values.set(this.#pairedVector(await part('k', kvHeads)), heads * headDim)
    values.set(await part('v', kvHeads), (heads + kvHeads) * headDim)
    return this.vector(values, `${at}.self_attn.qkv.bias`)
  }

  async #headNorm(at: string): Promise<LayerWeights['headNorm']> {
    const { headNorm, headDim } = this.checkpoint.model
    if (!headNorm) return undefined
    const order = (values: Float32Array) => this.#pairedVector(values)
    return {
      q: await this.norm(`${at}.self_attn.q_norm.weight`, headDim, order),
      k: await this.norm(`${at}.self_attn.k_norm.weight`, headDim, order),
    }
  }
}
