import { describe, expect, test } from 'vitest'
import { f32Bytes, type GgufField, type GgufTensor, ggufFile } from '../../test/support/gguf-file'
import type { ErrorCode } from '../errors'
import { bytesSource } from './byte-source'
import { hfName } from './gguf-names'
import { openCheckpoint } from './open'

const HEAD_DIM = 8

function metadata(architecture: string, more: Readonly<Record<string, GgufField>> = {}) {
  return {
    'general.architecture': { string: architecture },
    [`${architecture}.block_count`]: { u32: 1 },
    [`${architecture}.context_length`]: { u32: 4096 },
    [`${architecture}.embedding_length`]: { u32: 16 },
    [`${architecture}.feed_forward_length`]: { u32: 24 },
    [`${architecture}.attention.head_count`]: { u32: 2 },
    [`${architecture}.attention.head_count_kv`]: { u32: 1 },
    [`${architecture}.attention.layer_norm_rms_epsilon`]: { f32: 2 ** -17 },
    [`${architecture}.rope.freq_base`]: { f32: 500000 },
    'tokenizer.ggml.bos_token_id': { u32: 1 },
    'tokenizer.ggml.eos_token_id': { u32: 2 },
    ...more,
  }
}

const tensor = (name: string, ...shape: number[]): GgufTensor => ({
  name,
  shape,
  type: 0,
  data: f32Bytes(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i)),
})
const embedding = tensor('token_embd.weight', 10, 16)
const query = tensor('blk.0.attn_q.weight', 16, 16)

const open = (fields: Readonly<Record<string, GgufField>>, tensors: readonly GgufTensor[] = [embedding, query]) =>
  openCheckpoint([bytesSource('model.gguf', ggufFile(fields, tensors))])

test('llama: pairs of rows, tied where there is no output matrix', async () => {
  const checkpoint = await open(metadata('llama'))
  expect(checkpoint.rotaryOrder).toBe('pairs')
  expect(checkpoint.model).toEqual({
    architecture: 'llama',
    vocab: 10,
    hidden: 16,
    layers: 1,
    heads: 2,
    kvHeads: 1,
    headDim: HEAD_DIM,
    intermediate: 24,
    eps: 2 ** -17,
    rope: { theta: 500000, scaling: null },
    tied: true,
    qkvBias: false,
    headNorm: false,
    maxPositions: 4096,
    bos: 1,
    eos: [2],
  })
  expect(checkpoint.names).toEqual(['model.embed_tokens.weight', 'model.layers.0.self_attn.q_proj.weight'])
  expect(checkpoint.matrix('model.layers.0.self_attn.q_proj.weight', [16, 16]).format).toBe('f32')
  expect(await checkpoint.tokenizer()).toBeNull()
})

test('qwen2 and qwen3: halves; biases and norms where the file has them', async () => {
  const qwen2 = await open(metadata('qwen2'), [
    embedding,
    query,
    tensor('blk.0.attn_q.bias', 16),
    tensor('output.weight', 10, 16),
  ])
  expect(qwen2.rotaryOrder).toBe('halves')
  expect(qwen2.model).toMatchObject({ architecture: 'qwen2', qkvBias: true, headNorm: false, tied: false })
  expect(qwen2.has('lm_head.weight')).toBe(true)
  const key = { 'qwen3.attention.key_length': { u32: 16 }, 'qwen3.attention.value_length': { u32: 16 } }
  const qwen3 = await open(metadata('qwen3', key), [embedding, tensor('blk.0.attn_q_norm.weight', 16)])
  expect(qwen3.model).toMatchObject({ architecture: 'qwen3', headNorm: true, headDim: 16 })
})

test('names become those of Hugging Face', () => {
  expect(hfName('blk.12.ffn_down.weight')).toBe('model.layers.12.mlp.down_proj.weight')
  expect(hfName('blk.3.attn_v.bias')).toBe('model.layers.3.self_attn.v_proj.bias')
  expect(hfName('output_norm.weight')).toBe('model.norm.weight')
  expect(hfName('rope_freqs.weight')).toBe('rope_freqs.weight')
})

describe('rope', () => {
  /** llama.cpp's conversion of Llama 3's scaling by 8, in its own words. */
  const factors = Array.from({ length: HEAD_DIM / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * 500000 ** ((2 * i) / HEAD_DIM)
    if (wavelength < 8192 / 4) return 1
    if (wavelength > 8192 / 1) return 8
    const smooth = (8192 / wavelength - 1) / (4 - 1)
    return 1 / ((1 - smooth) / 8 + smooth)
  })
  const freqs = (values: readonly number[]): GgufTensor => ({
    name: 'rope_freqs.weight',
    shape: [values.length],
    type: 0,
    data: f32Bytes(values),
  })

  test('factors of Llama 3 are its scaling', async () => {
    expect(new Set(factors).size).toBeGreaterThan(2)
    const { model } = await open(metadata('llama'), [embedding, freqs(factors)])
    expect(model.rope.scaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalPositions: 8192,
    })
  })

  test('factors of one are none', async () => {
    const { model } = await open(metadata('llama'), [embedding, freqs([1, 1, 1, 1])])
    expect(model.rope.scaling).toBeNull()
  })

  test('linear and YaRN by their keys', async () => {
    const scaling = (type: string) => ({
      'llama.rope.scaling.type': { string: type },
      'llama.rope.scaling.factor': { f32: 4 },
      'llama.rope.scaling.original_context_length': { u32: 1024 },
    })
    expect((await open(metadata('llama', scaling('linear')))).model.rope.scaling).toEqual({ type: 'linear', factor: 4 })
    expect((await open(metadata('llama', scaling('none')))).model.rope.scaling).toBeNull()
    expect((await open(metadata('llama', scaling('yarn')))).model.rope.scaling).toEqual({
      type: 'yarn',
      factor: 4,
      originalPositions: 1024,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: null,
    })
  })

  test.each<[string, GgufTensor[], Record<string, GgufField>]>([
    ['other factors', [freqs([1, 2, 3, 8])], {}],
    ['too few factors', [freqs([1, 8])], {}],
    [
      'a scaling of another type',
      [],
      { 'llama.rope.scaling.type': { string: 'longrope' }, 'llama.rope.scaling.factor': { f32: 2 } },
    ],
    ['a part of each head', [], { 'llama.rope.dimension_count': { u32: 4 } }],
  ])('%s are an error', async (_, tensors, fields) => {
    await expect(open(metadata('llama', fields), [embedding, ...tensors])).rejects.toMatchObject({
      code: 'UNSUPPORTED_CONFIG',
    })
  })
})

test.each<[string, Readonly<Record<string, GgufField>>, readonly GgufTensor[], ErrorCode]>([
  ['another architecture', metadata('gemma3'), [embedding], 'UNSUPPORTED_ARCHITECTURE'],
  ['experts', metadata('llama', { 'llama.expert_count': { u32: 8 } }), [embedding], 'UNSUPPORTED_ARCHITECTURE'],
  ['no embedding', metadata('llama'), [query], 'TENSOR_MISSING'],
  [
    'a bias that the graph does not read',
    metadata('llama'),
    [embedding, tensor('blk.0.attn_output.bias', 16)],
    'UNSUPPORTED_CONFIG',
  ],
  [
    'a matrix of a type that is not supported',
    metadata('llama'),
    [embedding, { name: 'blk.0.ffn_up.weight', shape: [1, 32], type: 6, data: new Uint8Array(22) }],
    'UNSUPPORTED_FORMAT',
  ],
  ['a missing size', { 'general.architecture': { string: 'llama' } }, [embedding], 'FILE_MALFORMED'],
])('%s is an error', async (_, fields, tensors, code) => {
  await expect(open(fields, tensors)).rejects.toMatchObject({ code })
})

test('a vocabulary larger than the embedding table is an error', async () => {
  const tokens = Array.from({ length: 11 }, (_, i) => String.fromCodePoint(97 + i))
  const checkpoint = await open(
    metadata('llama', {
      'tokenizer.ggml.model': { string: 'gpt2' },
      'tokenizer.ggml.pre': { string: 'smollm' },
      'tokenizer.ggml.tokens': { strings: tokens },
      'tokenizer.ggml.merges': { strings: [] },
    }),
  )
  await expect(checkpoint.tokenizer()).rejects.toMatchObject({ code: 'TOKENIZER_MISMATCH' })
})
