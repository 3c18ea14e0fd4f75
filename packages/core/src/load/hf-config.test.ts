import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../errors'
import type { RopeConfig } from '../spec'
import { hfConfig } from './hf-config'

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 2048,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 8192,
  vocab_size: 128256,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  max_position_embeddings: 131072,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008],
}

test('Llama 3', () => {
  expect(hfConfig(llama, { eos_token_id: [128001, 128009] })).toEqual({
    architecture: 'llama',
    vocab: 128256,
    hidden: 2048,
    layers: 16,
    heads: 32,
    kvHeads: 8,
    headDim: 64,
    intermediate: 8192,
    eps: 1e-5,
    rope: { theta: 500000, scaling: null },
    tied: true,
    qkvBias: false,
    headNorm: false,
    maxPositions: 131072,
    bos: 128000,
    eos: [128001, 128008, 128009],
  })
})

test('what a configuration leaves out has the defaults of Hugging Face', () => {
  const { num_key_value_heads, tie_word_embeddings, rope_theta, bos_token_id, eos_token_id, ...short } = llama
  expect(hfConfig({ ...short, head_dim: null, rope_scaling: null })).toMatchObject({
    kvHeads: 32,
    headDim: 64,
    tied: false,
    rope: { theta: 10000, scaling: null },
    bos: null,
    eos: [],
  })
})

test('Qwen2 has biases, Qwen3 norms of its heads and a head size of its own', () => {
  const qwen2 = { ...llama, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' }
  expect(hfConfig(qwen2)).toMatchObject({ architecture: 'qwen2', qkvBias: true, headNorm: false })
  const qwen3 = { ...llama, architectures: ['Qwen3ForCausalLM'], head_dim: 128, attention_bias: false }
  expect(hfConfig(qwen3)).toMatchObject({ architecture: 'qwen3', qkvBias: false, headNorm: true, headDim: 128 })
  expect(hfConfig({ ...qwen3, attention_bias: true }).qkvBias).toBe(true)
})

test('the model type decides where no class is named', () => {
  const { architectures, ...typed } = llama
  expect(hfConfig({ ...typed, model_type: 'mistral' }).architecture).toBe('mistral')
})

test('positions end where a sliding window would begin to matter', () => {
  const mistral = { ...llama, architectures: ['MistralForCausalLM'], max_position_embeddings: 32768 }
  expect(hfConfig({ ...mistral, sliding_window: 4096 }).maxPositions).toBe(4096)
  expect(hfConfig({ ...mistral, sliding_window: null }).maxPositions).toBe(32768)
  const qwen2 = { ...mistral, architectures: ['Qwen2ForCausalLM'], sliding_window: 4096 }
  expect(hfConfig({ ...qwen2, use_sliding_window: false }).maxPositions).toBe(32768)
  expect(hfConfig({ ...qwen2, use_sliding_window: true }).maxPositions).toBe(4096)
})

const llama3 = {
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
}

describe('rope', () => {
  test.each<[string, object, RopeConfig]>([
    [
      'llama3',
      { rope_scaling: { rope_type: 'llama3', ...llama3 } },
      {
        theta: 500000,
        scaling: { type: 'llama3', factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 8192 },
      },
    ],
    [
      'linear',
      { rope_scaling: { type: 'linear', factor: 2 } },
      { theta: 500000, scaling: { type: 'linear', factor: 2 } },
    ],
    [
      'dynamic',
      { rope_scaling: { type: 'dynamic', factor: 4 }, max_position_embeddings: 2048 },
      { theta: 500000, scaling: { type: 'dynamic', factor: 4, originalPositions: 2048 } },
    ],
    [
      'yarn',
      { rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32768 } },
      {
        theta: 500000,
        scaling: {
          type: 'yarn',
          factor: 4,
          originalPositions: 32768,
          betaFast: 32,
          betaSlow: 1,
          attentionFactor: null,
        },
      },
    ],
    ['none, by name', { rope_scaling: { rope_type: 'default' } }, { theta: 500000, scaling: null }],
    [
      'all in rope_parameters',
      { rope_theta: undefined, rope_parameters: { rope_type: 'linear', factor: 8, rope_theta: 1e6 } },
      { theta: 1e6, scaling: { type: 'linear', factor: 8 } },
    ],
  ])('%s', (_, config, expected) => {
    expect(hfConfig({ ...llama, ...config }).rope).toEqual(expected)
  })

  test('YaRN reaches as far as its factor, and its attention factor may be a ratio', () => {
    const yarn = {
      rope_type: 'yarn',
      factor: 4,
      original_max_position_embeddings: 32768,
      mscale: 1,
      mscale_all_dim: 0.5,
    }
    const { maxPositions, rope } = hfConfig({ ...llama, max_position_embeddings: 32768, rope_scaling: yarn })
    expect(maxPositions).toBe(131072)
    const expected = (0.1 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1)
    expect(rope.scaling).toMatchObject({ attentionFactor: expected })
  })
})

test.each<[string, object, ErrorCode]>([
  ['another architecture', { architectures: ['GemmaForCausalLM'] }, 'UNSUPPORTED_ARCHITECTURE'],
  ['a mixture of experts', { architectures: ['MixtralForCausalLM'] }, 'UNSUPPORTED_ARCHITECTURE'],
  ['a head that is no decoder', { architectures: ['LlamaForCausalLMEagle3'] }, 'UNSUPPORTED_ARCHITECTURE'],
  ['no architecture', { architectures: undefined, model_type: undefined }, 'UNSUPPORTED_ARCHITECTURE'],
  ['an unknown rope scaling', { rope_scaling: { rope_type: 'longrope', factor: 2 } }, 'UNSUPPORTED_CONFIG'],
  ['rope by the kind of layer', { rope_parameters: { full_attention: {} } }, 'UNSUPPORTED_CONFIG'],
  ['YaRN without truncation', { rope_scaling: { type: 'yarn', factor: 2, truncate: false } }, 'UNSUPPORTED_CONFIG'],
  ['another activation', { hidden_act: 'gelu' }, 'UNSUPPORTED_CONFIG'],
  ['biases in the feed-forward layer', { mlp_bias: true }, 'UNSUPPORTED_CONFIG'],
  ['a partial rotary embedding', { partial_rotary_factor: 0.5 }, 'UNSUPPORTED_CONFIG'],
  ['heads that cannot share keys', { num_key_value_heads: 5 }, 'UNSUPPORTED_CONFIG'],
  ['quantised weights', { quantization_config: { quant_method: 'gptq' } }, 'UNSUPPORTED_FORMAT'],
  ['a missing size', { hidden_size: undefined }, 'FILE_MALFORMED'],
  ['a size that is no number', { vocab_size: '32000' }, 'FILE_MALFORMED'],
  ['a size that is negative', { num_hidden_layers: -1 }, 'FILE_MALFORMED'],
  ['a head size that is no integer', { hidden_size: 2050 }, 'FILE_MALFORMED'],
  ['an end token that is no id', { eos_token_id: '</s>' }, 'FILE_MALFORMED'],
  ['llama3 without its original length', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, 'FILE_MALFORMED'],
])('%s is an error', (_, changes, code) => {
  expect(() => hfConfig({ ...llama, ...changes })).toThrow(expect.objectContaining({ code }))
})
