import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { safetensorsFile } from './safetensors-file'
import { type Alphabet, tinyTokenizer } from './tiny-tokenizer'

/** Sizes of a seeded model; everything that a Llama-family config.json may say can be overridden. */
export interface TinyOptions {
  readonly seed?: number
  readonly config?: Readonly<Record<string, unknown>>
  /** Changes the tensors before they are written: name → shape and values. */
  readonly edit?: (tensors: Map<string, TinyTensor>) => void
  /** Writes a tokenizer of this alphabet, and makes the vocabulary as large. */
  readonly alphabet?: Alphabet
  readonly chatTemplate?: string
  /** Cuts the file to so many bytes. */
  readonly bytes?: number
}

export interface TinyTensor {
  shape: number[]
  values: Float32Array
}

export const tinyConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  intermediate_size: 96,
  vocab_size: 61,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  max_position_embeddings: 256,
  bos_token_id: 0,
  eos_token_id: 1,
}

/** A random number of about [-1, 1] from a counter (a 32-bit mix; any will do). */
function noise(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (((z ^ (z >>> 15)) >>> 0) / 2 ** 31 - 1) as number
  }
}

const written: string[] = []
afterAll(() => Promise.all(written.splice(0).map((folder) => rm(folder, { recursive: true }))))

/** Writes a folder, for as long as the test file runs, with config.json and model.safetensors (f32) of a seeded model, and gives its path. */
export async function writeTinyModel(options: TinyOptions = {}): Promise<string> {
  const tokenizer = options.alphabet && tinyTokenizer(options.alphabet)
  const config = { ...tinyConfig, ...tokenizer?.config, ...options.config }
  const folder = await mkdtemp(join(tmpdir(), 'outrider-tiny-'))
  const tensors = tinyTensors(config, options.seed ?? 1)
  options.edit?.(tensors)
  written.push(folder)
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  if (tokenizer) await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer.json))
  if (options.chatTemplate !== undefined)
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: options.chatTemplate }))
  const file = safetensors(tensors)
  await writeFile(
    join(folder, 'model.safetensors'),
    options.bytes === undefined ? file : file.subarray(0, options.bytes),
  )
  return folder
}

/** An `edit` that moves every weight a little: a draft model that agrees with the original now and then. */
export function blur(amount: number, seed = 99): (tensors: Map<string, TinyTensor>) => void {
  const next = noise(seed)
  return (tensors) => {
    for (const { shape, values } of tensors.values()) {
      const scale = shape.length === 2 ? amount / Math.sqrt(shape[1] as number) : 0
      for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + scale * next()
    }
  }
}

function tinyTensors(config: typeof tinyConfig & Record<string, unknown>, seed: number): Map<string, TinyTensor> {
  const next = noise(seed)
  const tensors = new Map<string, TinyTensor>()
  const { hidden_size: hidden, intermediate_size: wide, vocab_size: vocab, head_dim: dim } = config
  const [heads, kvHeads] = [config.num_attention_heads, config.num_key_value_heads]
  const matrix = (name: string, rows: number, columns: number) =>
    tensors.set(name, {
      shape: [rows, columns],
      values: Float32Array.from({ length: rows * columns }, () => (2.5 * next()) / Math.sqrt(columns)),
    })
  const vector = (name: string, length: number, around: number) =>
    tensors.set(name, { shape: [length], values: Float32Array.from({ length }, () => around + 0.2 * next()) })
  matrix('model.embed_tokens.weight', vocab, hidden)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    vector(`${at}.input_layernorm.weight`, hidden, 1)
    matrix(`${at}.self_attn.q_proj.weight`, heads * dim, hidden)
    matrix(`${at}.self_attn.k_proj.weight`, kvHeads * dim, hidden)
    matrix(`${at}.self_attn.v_proj.weight`, kvHeads * dim, hidden)
    matrix(`${at}.self_attn.o_proj.weight`, hidden, heads * dim)
    if (config.model_type === 'qwen2' || config.attention_bias === true)
      for (const [part, count] of [
        ['q', heads],
        ['k', kvHeads],
        ['v', kvHeads],
      ] as const)
        vector(`${at}.self_attn.${part}_proj.bias`, count * dim, 0)
    if (config.model_type === 'qwen3')
      for (const part of ['q', 'k']) vector(`${at}.self_attn.${part}_norm.weight`, dim, 1)
    vector(`${at}.post_attention_layernorm.weight`, hidden, 1)
    matrix(`${at}.mlp.gate_proj.weight`, wide, hidden)
    matrix(`${at}.mlp.up_proj.weight`, wide, hidden)
    matrix(`${at}.mlp.down_proj.weight`, hidden, wide)
  }
  vector('model.norm.weight', hidden, 1)
  if (!config.tie_word_embeddings) matrix('lm_head.weight', vocab, hidden)
  return tensors
}

function safetensors(tensors: ReadonlyMap<string, TinyTensor>): Uint8Array {
  return safetensorsFile(
    [...tensors].map(([name, { shape, values }]) => {
      const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      return { name, dtype: 'F32', shape, data }
    }),
  )
}
