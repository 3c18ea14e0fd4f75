import type { TinyTensor } from './tiny-model'

/** What the plain model reads of a config.json. */
export interface PlainConfig {
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly num_key_value_heads: number
  readonly head_dim: number
  readonly rms_norm_eps: number
}

type Vector = readonly number[]

/**
 * The Llama family written down a second time, as Hugging Face's modelling files have it: double precision, no cache, rotation of
 * halves, `angles` [headDim / 2] in radians a position. Gives the logits after the last token.
 */
export function plainLogits(
  tensors: ReadonlyMap<string, TinyTensor>,
  config: PlainConfig,
  angles: Vector,
  magnitude: number,
  tokens: readonly number[],
): Vector {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: dim, rms_norm_eps: eps } = config
  const get = (name: string) => tensors.get(name) as TinyTensor
  const times = (name: string, x: Vector): Vector => {
    const { shape, values } = get(`${name}.weight`)
    const bias = tensors.get(`${name}.bias`)?.values
    const [outputs = 0, inputs = 0] = shape
    return Array.from({ length: outputs }, (_, n) =>
      x.reduce((sum, v, k) => sum + v * (values[n * inputs + k] as number), bias?.[n] ?? 0),
    )
  }
  const norm = (name: string, x: Vector): Vector => {
    const gain = tensors.get(`${name}.weight`)?.values
    if (!gain) return x
    const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + eps)
    return x.map((v, i) => v * scale * (gain[i] as number))
  }
  const turn = (x: Vector, position: number): Vector =>
    x.map((v, i) => {
      const angle = position * (angles[i % (dim / 2)] as number)
      const other = i < dim / 2 ? -(x[i + dim / 2] as number) : (x[i - dim / 2] as number)
      return (v * Math.cos(angle) + other * Math.sin(angle)) * magnitude
    })
  const head = (x: Vector, h: number): Vector => x.slice(h * dim, (h + 1) * dim)
  const embedding = get('model.embed_tokens.weight')
  const width = embedding.shape[1] as number
  let stream: Vector[] = tokens.map((token) => [...embedding.values.slice(token * width, (token + 1) * width)])
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    const normed = stream.map((x) => norm(`${at}.input_layernorm`, x))
    const rotated = (part: 'q' | 'k', count: number) =>
      normed.map((x, position) => {
        const projected = times(`${at}.self_attn.${part}_proj`, x)
        return Array.from({ length: count }, (_, h) =>
          turn(norm(`${at}.self_attn.${part}_norm`, head(projected, h)), position),
        )
      })
    const [q, k] = [rotated('q', heads), rotated('k', kvHeads)]
    const v = normed.map((x) => times(`${at}.self_attn.v_proj`, x))
    stream = stream.map((x, position) => {
      const mixed = Array.from({ length: heads }, (_, h) => {
        const group = Math.floor((h * kvHeads) / heads)
        const scores = k.slice(0, position + 1).map((keys) => {
          const [query, key] = [q[position]?.[h] as Vector, keys[group] as Vector]
          return query.reduce((sum, value, d) => sum + value * (key[d] as number), 0) / Math.sqrt(dim)
        })
        const weights = scores.map((score) => Math.exp(score - Math.max(...scores)))
        const total = weights.reduce((a, b) => a + b, 0)
        return Array.from({ length: dim }, (_, d) =>
          weights.reduce((sum, w, p) => sum + (w / total) * (head(v[p] as Vector, group)[d] as number), 0),
        )
      }).flat()
      const attended = times(`${at}.self_attn.o_proj`, mixed).map((value, i) => value + (x[i] as number))
      const inner = norm(`${at}.post_attention_layernorm`, attended)
      const up = times(`${at}.mlp.up_proj`, inner)
      const gated = times(`${at}.mlp.gate_proj`, inner).map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] as number))
      return times(`${at}.mlp.down_proj`, gated).map((value, i) => value + (attended[i] as number))
    })
  }
  const last = norm('model.norm', stream.at(-1) as Vector)
  return times(tensors.has('lm_head.weight') ? 'lm_head' : 'model.embed_tokens', last)
}
