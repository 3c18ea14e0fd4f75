import { OutriderError } from '../errors'
import type { ModelConfig } from '../spec/model'
import { Fields } from './fields'
import { hfRope } from './hf-rope'

/** Class names in `architectures`, and the `model_type` that they go with. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  LlamaForCausalLM: 'llama',
  MistralForCausalLM: 'mistral',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
}

type JsonObject = Readonly<Record<string, unknown>>

/**
 * A model's configuration from Hugging Face's `config.json` and, for the tokens that end a generation, `generation_config.json`.
 * A sliding window is not computed: `maxPositions` ends where it would begin to matter.
 * Throws `UNSUPPORTED_ARCHITECTURE`, `UNSUPPORTED_CONFIG`, `UNSUPPORTED_FORMAT` (quantised weights), `FILE_MALFORMED`.
 *
 * @example
 * ```ts
 * import { hfConfig, openTensors } from '@outrider/core/load'
 *
 * const files = await openTensors('./stories-5m')
 * const model = hfConfig(files.config ?? {})
 * ```
 */
export function hfConfig(json: JsonObject, generation: JsonObject | null = null): ModelConfig {
  const config = new Fields(json, 'config.json')
  const architecture = architectureOf(config)
  checkSupported(config)
  const hidden = config.count('hidden_size')
  const heads = config.count('num_attention_heads')
  const headDim = config.count('head_dim', hidden / heads)
  const kvHeads = config.count('num_key_value_heads', heads)
  if (heads % kvHeads !== 0)
    throw config.unsupported(`${heads} query heads cannot share ${kvHeads} key heads evenly (num_key_value_heads)`)
  const eos = [
    ...config.ids('eos_token_id'),
    ...new Fields(generation ?? {}, 'generation_config.json').ids('eos_token_id'),
  ]
  return {
    architecture,
    vocab: config.count('vocab_size'),
    hidden,
    layers: config.count('num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    intermediate: config.count('intermediate_size'),
    eps: config.number('rms_norm_eps', 1e-6),
    rope: hfRope(config),
    tied: config.boolean('tie_word_embeddings', false),
    qkvBias: architecture === 'qwen2' || config.boolean('attention_bias', false),
    headNorm: architecture === 'qwen3',
    maxPositions: maxPositions(config, architecture),
    bos: config.ids('bos_token_id')[0] ?? null,
    eos: [...new Set(eos)],
  }
}

function architectureOf(config: Fields): string {
  const classes = config.values.architectures
  const name: unknown = Array.isArray(classes) ? classes[0] : undefined
  const type = config.text('model_type')
  const known = typeof name === 'string' ? ARCHITECTURES[name] : type
  if (known && Object.values(ARCHITECTURES).includes(known)) return known
  throw new OutriderError(
    'UNSUPPORTED_ARCHITECTURE',
    `config.json: ${name ?? type ?? 'a model without architectures and model_type'} is not supported: use one of ${Object.keys(ARCHITECTURES).join(', ')}.`,
    { details: { architecture: name ?? null, modelType: type ?? null } },
  )
}

/** Refuses what the graph would silently compute wrongly. */
function checkSupported(config: Fields): void {
  const activation = config.text('hidden_act') ?? 'silu'
  if (activation !== 'silu') throw config.unsupported(`hidden_act ${activation} is not known: silu is`)
  if (config.boolean('mlp_bias', false))
    throw config.unsupported('biases in the feed-forward layer (mlp_bias) are not known')
  if (config.number('partial_rotary_factor', 1) !== 1)
    throw config.unsupported('a rotary embedding over a part of each head (partial_rotary_factor) is not known')
  const quantisation = config.record('quantization_config')
  if (quantisation)
    throw new OutriderError(
      'UNSUPPORTED_FORMAT',
      `config.json: weights quantised with ${quantisation.text('quant_method') ?? 'an unnamed method'} cannot be read: take the model's float weights or a GGUF.`,
      { details: { method: quantisation.text('quant_method') ?? null } },
    )
}

function maxPositions(config: Fields, architecture: string): number {
  const trained = config.count('max_position_embeddings', 2048)
  const { scaling } = hfRope(config)
  const reached = scaling?.type === 'yarn' ? Math.max(trained, scaling.originalPositions * scaling.factor) : trained
  const slides = architecture === 'mistral' || config.boolean('use_sliding_window', false)
  return slides ? Math.min(reached, config.count('sliding_window', reached)) : reached
}
