import { OutriderError } from '../errors'
import type { ModelConfig } from '../spec/model'

const LAYER = /^model\.layers\.(\d+)\.(.+)$/
const IN_LAYER =
  /^(input_layernorm|post_attention_layernorm|self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$|^self_attn\.rotary_emb\.inv_freq$/
const BIAS = /^self_attn\.[qkv]_proj\.bias$/
const HEAD_NORM = /^self_attn\.[qk]_norm\.weight$/

/**
 * Refuses a checkpoint whose layers hold tensors that the graph would not read: it would load, and write nonsense.
 * Layers beyond the model's own (an MTP module) are none of the graph's business. Throws `UNSUPPORTED_CONFIG`.
 */
export function checkKnownTensors(location: string, names: readonly string[], model: ModelConfig): void {
  const surplus = names.filter((name) => {
    const [, layer, part = ''] = LAYER.exec(name) ?? []
    if (layer === undefined || Number(layer) >= model.layers) return false
    return !(IN_LAYER.test(part) || (model.qkvBias && BIAS.test(part)) || (model.headNorm && HEAD_NORM.test(part)))
  })
  if (surplus.length === 0) return
  throw new OutriderError(
    'UNSUPPORTED_CONFIG',
    `${location}: a ${model.architecture} with these settings has no use for ${surplus.slice(0, 3).join(', ')}${surplus.length > 3 ? ` and ${surplus.length - 3} more` : ''}: the model has parts that are not supported.`,
    { details: { location, tensors: surplus } },
  )
}
