import type { RopeConfig } from '../spec/model'
import type { Fields } from './fields'

/**
 * The rotary embedding of a Hugging Face `config.json`: `rope_theta` and `rope_scaling`, or both in `rope_parameters`.
 * Throws `UNSUPPORTED_CONFIG`, `FILE_MALFORMED`.
 */
export function hfRope(config: Fields): RopeConfig {
  const nested = config.record('rope_parameters') ?? config.record('rope_scaling')
  const theta = config.number('rope_theta', nested?.number('rope_theta', 10000) ?? 10000)
  if (nested && !['rope_theta', 'rope_type', 'type'].some((name) => nested.has(name)))
    throw nested.unsupported('rotary embeddings that differ from layer to layer are not known')
  return { theta, scaling: nested ? scaling(nested, config.count('max_position_embeddings', 2048)) : null }
}

function scaling(rope: Fields, maxPositions: number): RopeConfig['scaling'] {
  const type = rope.text('rope_type') ?? rope.text('type') ?? 'default'
  const originalPositions = rope.count('original_max_position_embeddings', maxPositions)
  switch (type) {
    case 'default':
      return null
    case 'linear':
      return { type, factor: rope.number('factor') }
    case 'dynamic':
      return { type, factor: rope.number('factor'), originalPositions }
    case 'llama3':
      return {
        type,
        factor: rope.number('factor'),
        lowFreqFactor: rope.number('low_freq_factor'),
        highFreqFactor: rope.number('high_freq_factor'),
        originalPositions: rope.count('original_max_position_embeddings'),
      }
    case 'yarn':
      if (!rope.boolean('truncate', true))
        throw rope.unsupported('YaRN without truncation (truncate: false) is not known')
      return {
        type,
        factor: rope.number('factor', maxPositions / originalPositions),
        originalPositions,
        betaFast: rope.number('beta_fast', 32),
        betaSlow: rope.number('beta_slow', 1),
        attentionFactor: yarnAttention(rope),
      }
    default:
      throw rope.unsupported(
        `rope scaling of type ${JSON.stringify(type)} is not known: linear, dynamic, llama3 and yarn are`,
      )
  }
}

/** What cosine and sine are multiplied by; DeepSeek's checkpoints give it as the ratio of two mscales. */
function yarnAttention(rope: Fields): number | null {
  if (rope.has('attention_factor')) return rope.number('attention_factor')
  if (!rope.number('mscale', 0) || !rope.number('mscale_all_dim', 0)) return null
  const factor = rope.number('factor')
  const scale = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1)
  return scale(rope.number('mscale')) / scale(rope.number('mscale_all_dim'))
}
