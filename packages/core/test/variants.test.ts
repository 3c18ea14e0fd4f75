import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chain, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkBits } from '../../../verify/src/checks'
import { ModelProbe } from '../../../verify/src/model-probe'
import { f32Bytes, type GgufField, ggufFile } from './support/gguf-file'
import { plainLogits } from './support/plain-llama'
import { type TinyTensor, tinyConfig, writeTinyModel } from './support/tiny-model'

const prompt = Array.from({ length: 23 }, (_, i) => (i * 13 + 5) % 61)
const qwen = (type: 'qwen2' | 'qwen3', name: string) => ({ model_type: type, architectures: [name] })

/** `angle` and `magnitude`: what a position turns the pair i by, where it is not theta's own. */
interface Variant {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly angle?: (own: number) => number
  readonly magnitude?: number
}

const variants: readonly Variant[] = [
  { name: 'llama, one key head for two query heads', config: {} },
  { name: 'llama, a key head a query head', config: { num_key_value_heads: 2 } },
  {
    name: 'llama, four query heads, a head size of its own',
    config: { num_attention_heads: 4, num_key_value_heads: 2, head_dim: 48 },
  },
  { name: 'llama, untied head', config: { tie_word_embeddings: false } },
  { name: 'llama with biases', config: { attention_bias: true } },
  { name: 'mistral', config: { model_type: 'mistral', architectures: ['MistralForCausalLM'], sliding_window: 200 } },
  { name: 'qwen2', config: qwen('qwen2', 'Qwen2ForCausalLM') },
  { name: 'qwen3, untied', config: { ...qwen('qwen3', 'Qwen3ForCausalLM'), head_dim: 64, tie_word_embeddings: false } },
  { name: 'another base and epsilon', config: { rope_theta: 500000, rms_norm_eps: 1e-2 } },
  { name: 'linear scaling', config: { rope_scaling: { type: 'linear', factor: 3 } }, angle: (own) => own / 3 },
  {
    name: 'dynamic scaling within its positions',
    config: { rope_scaling: { type: 'dynamic', factor: 4 } },
  },
  {
    name: 'llama3 scaling of slow pairs',
    // 256 original positions: pairs slower than a turn in 256 positions are slowed by 8, those of less than 64 are left alone.
    config: {
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 256,
      },
    },
    angle: (own) => {
      const length = (2 * Math.PI) / own
      if (length < 64) return own
      if (length > 256) return own / 8
      const smooth = (256 / length - 1) / 3
      return ((1 - smooth) * own) / 8 + smooth * own
    },
  },
  {
    name: 'yarn scaling that leaves the angles and scales their vectors',
    config: {
      rope_scaling: { type: 'yarn', factor: 1, original_max_position_embeddings: 256, attention_factor: 1.25 },
    },
    magnitude: 1.25,
  },
]

/** Loads a folder or file on a backend of its own, runs `work`, and sees that nothing stays. */
async function withModel<T>(
  location: string,
  work: (probe: ModelProbe) => Promise<T>,
  slots: number = 256,
): Promise<T> {
  const backend = referenceBackend()
  const checkpoint = await openCheckpoint(location)
  const model = await loadDecoder(backend, checkpoint, { slots, maxRows: 64 })
  await checkpoint.close()
  const probe = new ModelProbe(backend, model, slots, 64)
  try {
    return await work(probe)
  } finally {
    probe.dispose()
    model.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  }
}

const lastLogits = (location: string, slots?: number) =>
  withModel(
    location,
    async (probe) => {
      await probe.start(prompt)
      return (await probe.tree(chain([]))).logits[0] as Float32Array
    },
    slots,
  )

describe.each(variants)('$name', async ({ config: changes, angle = (own) => own, magnitude = 1 }) => {
  const tensors = new Map<string, TinyTensor>()
  const folder = await writeTinyModel({
    seed: 11,
    config: changes,
    edit: (all) => all.forEach((value, name) => void tensors.set(name, value)),
  })
  const config = { ...tinyConfig, ...changes }

  test('gives the logits of the model written down a second time', async () => {
    const { head_dim: dim, rope_theta: theta } = config
    const angles = Array.from({ length: dim / 2 }, (_, i) => angle(theta ** ((-2 * i) / dim)))
    const expected = plainLogits(tensors, config, angles, magnitude, prompt)
    const found = await lastLogits(folder)
    expect(found.length).toBe(61)
    const spread = Math.max(...expected) - Math.min(...expected)
    for (const [id, logit] of found.entries())
      expect(Math.abs(logit - (expected[id] as number))).toBeLessThan(2e-5 * spread)
  })

  test('gives a row the same bits alone and in passes of 2 to 256 rows, over caches of any history', async () => {
    const backend = referenceBackend()
    const checkpoint = await openCheckpoint(folder)
    const model = await loadDecoder(backend, checkpoint, { slots: 512, maxRows: 256 })
    await checkpoint.close()
    const { faults } = await checkBits(backend, model, prompt)
    expect(faults).toEqual([])
    model.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('gives a decoded position the bits of a fresh prefill', async () => {
    const decoded = await withModel(folder, async (probe) => {
      await probe.start(prompt.slice(0, 9), 4)
      for (const token of prompt.slice(9)) {
        await probe.tree(chain([]))
        await probe.commit(chain([]), [], token)
      }
      return (await probe.tree(chain([]))).logits[0]
    })
    expect(decoded).toEqual(await lastLogits(folder))
  })
})

test('dynamic scaling is none at a capacity of all original positions', async () => {
  const [plain, dynamic] = await Promise.all(
    [{}, { rope_scaling: { type: 'dynamic', factor: 4 } }].map((config) => writeTinyModel({ seed: 11, config })),
  )
  const run = (folder: string | undefined) => lastLogits(folder as string, 256 + 64)
  expect(await run(dynamic)).toEqual(await run(plain))
})

test('a GGUF of the same weights, its queries and keys in pairs, gives the same bits', async () => {
  const tensors = new Map<string, TinyTensor>()
  const config = {
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 32,
    tie_word_embeddings: false,
    rms_norm_eps: 2 ** -17,
  }
  const folder = await writeTinyModel({
    seed: 12,
    config,
    edit: (all) => all.forEach((value, name) => void tensors.set(name, value)),
  })
  const file = join(folder, 'tiny.gguf')
  await writeFile(file, tinyGguf(tensors, { ...tinyConfig, ...config }))
  expect(await lastLogits(file)).toEqual(await lastLogits(folder))
})

/** llama.cpp's file of a Llama: its names, and its order of the rows of q and k. */
function tinyGguf(tensors: ReadonlyMap<string, TinyTensor>, config: typeof tinyConfig): Uint8Array {
  const { head_dim: dim } = config
  const names: Readonly<Record<string, string>> = {
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
    input_layernorm: 'attn_norm',
    post_attention_layernorm: 'ffn_norm',
  }
  const outside: Readonly<Record<string, string>> = {
    'model.embed_tokens.weight': 'token_embd.weight',
    'model.norm.weight': 'output_norm.weight',
    'lm_head.weight': 'output.weight',
  }
  /** convert_hf_to_gguf.py: [heads, 2, dim / 2] becomes [heads, dim / 2, 2]. */
  const permuted = ({ shape, values }: TinyTensor): number[] => {
    const [rows = 0, width = 0] = shape
    return Array.from({ length: rows }, (_, row) => {
      const [head, at] = [Math.floor(row / dim), row % dim]
      const from = head * dim + (at % 2) * (dim / 2) + Math.floor(at / 2)
      return [...values.slice(from * width, (from + 1) * width)]
    }).flat()
  }
  const metadata: Record<string, GgufField> = {
    'general.architecture': { string: 'llama' },
    'llama.block_count': { u32: config.num_hidden_layers },
    'llama.context_length': { u32: config.max_position_embeddings },
    'llama.embedding_length': { u32: config.hidden_size },
    'llama.feed_forward_length': { u32: config.intermediate_size },
    'llama.attention.head_count': { u32: config.num_attention_heads },
    'llama.attention.head_count_kv': { u32: config.num_key_value_heads },
    'llama.attention.key_length': { u32: dim },
    'llama.attention.value_length': { u32: dim },
    'llama.attention.layer_norm_rms_epsilon': { f32: config.rms_norm_eps },
    'llama.rope.freq_base': { f32: config.rope_theta },
    'llama.rope.dimension_count': { u32: dim },
  }
  const stored = [...tensors].map(([name, tensor]) => {
    const [, layer, part = ''] = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(name) ?? []
    const pairs = part === 'self_attn.q_proj' || part === 'self_attn.k_proj'
    const data = f32Bytes(pairs ? permuted(tensor) : [...tensor.values])
    return { name: outside[name] ?? `blk.${layer}.${names[part]}.weight`, shape: tensor.shape, type: 0, data }
  })
  return ggufFile(metadata, stored)
}
