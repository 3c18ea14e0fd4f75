import { OutriderError } from '../errors'
import type { TensorFiles } from '../spec/checkpoint'
import type { ModelConfig } from '../spec/model'

const LAYER = /^model\.layers\.(\d+)\.(.+)$/
const IN_LAYER =
  /^(input_layernorm|post_attention_layernorm|self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$|^self_attn\.rotary_emb\.inv_freq$/
const BIAS = /^self_attn\.[qkv]_proj\.bias$/
const HEAD_NORM = /^self_attn\.[qk]_norm\.weight$/

/**
 * Refuses a checkpoint whose layers hold tensors that the graph would not read: it would load, and write nonsense.
 * Layers beyond the model's own (an MTP module) are none of the graph's business. Throws `UNSUPPORTED_CONFIG`, and
 * `UNSUPPORTED_FORMAT` where a matrix of a layer is stored in a way that cannot be read.
 */
export function checkLayers(files: TensorFiles, model: ModelConfig): void {
  const { location } = files
  const inLayers = files.names.filter((name) => Number(LAYER.exec(name)?.[1]) < model.layers)
  const surplus = inLayers.filter((name) => {
    const [, , part = ''] = LAYER.exec(name) ?? []
    return !(IN_LAYER.test(part) || (model.qkvBias && BIAS.test(part)) || (model.headNorm && HEAD_NORM.test(part)))
  })
  if (surplus.length > 0)
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${location}: a ${model.architecture} with these settings has no use for ${surplus.slice(0, 3).join(', ')}${surplus.length > 3 ? ` and ${surplus.length - 3} more` : ''}: the model has parts that are not supported.`,
      { details: { location, tensors: surplus } },
    )
  for (const name of inLayers) if (files.shape(name).length === 2) files.matrix(name)
}
