import { threefry } from '../sample'
import { TINY_VOCAB } from './tiny-tokenizer'

/** Tells the models of the kit apart. */
export interface TinyVariant {
  /** Moves every matrix by so much of its own size: a draft model that agrees with the target now and then. */
  readonly blur: number
  /** Tokens that end a text. */
  readonly eos: readonly number[]
}

const sizes = { hidden: 64, layers: 2, heads: 2, kvHeads: 1, headDim: 32, wide: 96 } as const

/** config.json of a seeded Llama of two layers. */
export function tinyConfig({ eos }: TinyVariant): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: sizes.hidden,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.kvHeads,
    head_dim: sizes.headDim,
    intermediate_size: sizes.wide,
    vocab_size: TINY_VOCAB,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    hidden_act: 'silu',
    max_position_embeddings: 256,
    bos_token_id: null,
    eos_token_id: eos,
  }
}

/** model.safetensors, f32, of numbers that are a function of their tensor and place alone. */
export function tinyWeights({ blur }: TinyVariant): Uint8Array<ArrayBuffer> {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } }
  const parts: Float32Array[] = []
  let end = 0
  for (const [index, { name, shape }] of tinyTensors().entries()) {
    const values = shape.length === 1 ? gains(shape[0] as number, index) : matrix(shape, index, blur)
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] }
    end += values.byteLength
    parts.push(values)
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const file = new Uint8Array(8 + text.length + end)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  let at = 8 + text.length
  for (const part of parts) {
    file.set(new Uint8Array(part.buffer), at)
    at += part.byteLength
  }
  return file
}

function tinyTensors(): readonly { readonly name: string; readonly shape: readonly number[] }[] {
  const { hidden, layers, heads, kvHeads, headDim, wide } = sizes
  const tensors = [{ name: 'model.embed_tokens.weight', shape: [TINY_VOCAB, hidden] }]
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, ...shape: number[]) =>
      tensors.push({ name: `model.layers.${layer}.${name}.weight`, shape })
    add('input_layernorm', hidden)
    add('self_attn.q_proj', heads * headDim, hidden)
    add('self_attn.k_proj', kvHeads * headDim, hidden)
    add('self_attn.v_proj', kvHeads * headDim, hidden)
    add('self_attn.o_proj', hidden, heads * headDim)
    add('post_attention_layernorm', hidden)
    add('mlp.gate_proj', wide, hidden)
    add('mlp.up_proj', wide, hidden)
    add('mlp.down_proj', hidden, wide)
  }
  return [...tensors, { name: 'model.norm.weight', shape: [hidden] }]
}

/** Weights of a normalisation, around 1. */
function gains(length: number, index: number): Float32Array {
  return numbers(length, index, 0).map((value) => 1 + 0.2 * value)
}

/** Of spread such that distributions are neither flat nor certain. */
function matrix(shape: readonly number[], index: number, blur: number): Float32Array {
  const [rows = 0, columns = 1] = shape
  const moved = blur === 0 ? null : numbers(rows * columns, index, 1)
  const scale = 2.5 / Math.sqrt(columns)
  return numbers(rows * columns, index, 0).map((value, i) => scale * (value + blur * (moved?.[i] ?? 0)))
}

/** Numbers in [-1, 1) by place, from a counter-based generator. */
function numbers(length: number, index: number, stream: number): Float32Array {
  const values = new Float32Array(length)
  for (let at = 0; at < length; at += 4)
    values.set(
      threefry([at, index, stream, 0], [SEED, 0, 0, 0])
        .slice(0, length - at)
        .map((word) => word / 2 ** 31 - 1),
      at,
    )
  return values
}

const SEED = 2024
