import type { OpenOptions } from '@outrider/core'
import { blockLayout } from '@outrider/core/load'
import { ggufHeader, type HeaderValue, type ListedTensor } from './gguf-header'
import type { ModelShape } from './model-shapes'
import { fillRandom, type GeneratedFormat } from './random-weights'

/** ggml's number of each type. */
const ggmlTypes: Readonly<Record<GeneratedFormat | 'f32', number>> = {
  f32: 0,
  f16: 1,
  q4_0: 2,
  q4_1: 3,
  q8_0: 8,
  q4_k: 12,
}
const alignment = 32

interface MadeTensor extends ListedTensor {
  readonly format: GeneratedFormat | 'f32'
  readonly bytes: number
}

/**
 * A GGUF file of a model with random weights that exists nowhere: its bytes are made when they are read, so that the engine loads it
 * as any other file and no more of it is in memory than what is being read. The same shape and format give the same bytes.
 */
export class GeneratedModel {
  readonly url: string
  /** Bytes in all. */
  readonly size: number
  /** Bytes of the matrices. */
  readonly weightBytes: number
  readonly #header: Uint8Array
  readonly #tensors: readonly MadeTensor[]

  /** Throws where rows of the shape are not made of whole blocks of the format. */
  constructor(
    readonly name: string,
    readonly shape: ModelShape,
    readonly format: GeneratedFormat,
  ) {
    this.url = `https://generated.invalid/${name}.gguf`
    this.#tensors = place(shape, format)
    this.#header = ggufHeader(metadata(shape), this.#tensors, alignment)
    const last = this.#tensors.at(-1) as MadeTensor
    this.size = this.#header.length + last.offset + last.bytes
    this.weightBytes = this.#tensors.reduce((sum, { shape: axes, bytes }) => sum + (axes.length > 1 ? bytes : 0), 0)
  }

  /** `length` bytes from `offset` on. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length)
    const header = this.#header.subarray(offset, offset + length)
    out.set(header)
    const from = offset - this.#header.length
    for (const [number, tensor] of this.#tensors.entries()) {
      const first = Math.max(from, tensor.offset)
      const last = Math.min(from + length, tensor.offset + tensor.bytes)
      if (first < last) fill(tensor, number, first - tensor.offset, out.subarray(first - from, last - from))
    }
    return out
  }

  /** How an engine loads it: `createEngine({ model: made.url, load: made.load, … })`. */
  get load(): OpenOptions {
    return { cacheDir: null, fetch: async (input, init) => this.#answer(String(input), new Headers(init?.headers)) }
  }

  #answer(url: string, headers: Headers): Response {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? []
    if (url !== this.url || start === undefined) return new Response(null, { status: 404 })
    const [from, to] = [Number(start), Math.min(Number(end), this.size - 1)]
    const range = { 'content-range': `bytes ${from}-${to}/${this.size}` }
    return new Response(this.read(from, to - from + 1), { status: 206, headers: range })
  }
}

function fill({ format, bytes }: MadeTensor, number: number, from: number, out: Uint8Array): void {
  if (format === 'f32') out.set(new Uint8Array(new Float32Array(bytes / 4).fill(1).buffer, from, out.length))
  else fillRandom(format, 104729 * number, from, out)
}

function metadata(shape: ModelShape): Record<string, HeaderValue> {
  return {
    'general.architecture': 'llama',
    'general.name': shape.title,
    'general.alignment': { u32: alignment },
    'llama.context_length': { u32: shape.maxPositions },
    'llama.embedding_length': { u32: shape.hidden },
    'llama.block_count': { u32: shape.layers },
    'llama.feed_forward_length': { u32: shape.intermediate },
    'llama.attention.head_count': { u32: shape.heads },
    'llama.attention.head_count_kv': { u32: shape.kvHeads },
    'llama.attention.key_length': { u32: shape.headDim },
    'llama.attention.value_length': { u32: shape.headDim },
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
    'llama.rope.freq_base': { f32: shape.theta },
    'llama.rope.dimension_count': { u32: shape.headDim },
  }
}

/** The tensors, one after another. */
function place(shape: ModelShape, format: GeneratedFormat): readonly MadeTensor[] {
  let offset = 0
  return listed(shape).map(({ name, axes }): MadeTensor => {
    const type: MadeTensor['format'] = axes.length > 1 ? format : 'f32'
    const { weights, bytes: blockBytes } = blockLayout(type)
    const inputs = axes.at(-1) as number
    if (inputs % weights !== 0)
      throw new Error(
        `${name} of the ${shape.title} has rows of ${inputs}, which are no whole ${format} blocks of ${weights}`,
      )
    const bytes = (axes.reduce((product, axis) => product * axis, 1) / weights) * blockBytes
    const tensor = { name, shape: axes, type: ggmlTypes[type], format: type, offset, bytes }
    offset = Math.ceil((offset + bytes) / alignment) * alignment
    return tensor
  })
}

function listed(shape: ModelShape): readonly { readonly name: string; readonly axes: readonly number[] }[] {
  const { vocab, hidden, layers, heads, kvHeads, headDim, intermediate, tied } = shape
  const tensors: { name: string; axes: number[] }[] = []
  const add = (name: string, ...axes: number[]) => tensors.push({ name: `${name}.weight`, axes })
  add('token_embd', vocab, hidden)
  if (!tied) add('output', vocab, hidden)
  add('output_norm', hidden)
  for (let layer = 0; layer < layers; layer++) {
    const part = (name: string, ...axes: number[]) => add(`blk.${layer}.${name}`, ...axes)
    part('attn_norm', hidden)
    part('attn_q', heads * headDim, hidden)
    part('attn_k', kvHeads * headDim, hidden)
    part('attn_v', kvHeads * headDim, hidden)
    part('attn_output', hidden, heads * headDim)
    part('ffn_norm', hidden)
    part('ffn_gate', intermediate, hidden)
    part('ffn_up', intermediate, hidden)
    part('ffn_down', hidden, intermediate)
  }
  return tensors
}
