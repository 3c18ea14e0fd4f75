import { tinyConfig } from '../../core/test/support/tiny-model'
import type { HeadTensors } from './tiny-head'

type Vector = readonly number[]

/** What a head computes beyond its tensors. */
export interface PlainFlags {
  readonly kind: 1 | 3
  readonly theta?: number
  readonly normBeforeResidual?: boolean
  readonly normOutput?: boolean
  /** Target id of each row of the LM head. */
  readonly targetIds?: readonly number[]
}

/** What a head is fed: for each committed position the target's states, and the token after it. */
export interface PlainInput {
  readonly states: readonly (readonly Vector[])[]
  readonly tokens: readonly number[]
  /** Of the target, [vocab][hidden]. */
  readonly embedding: readonly Vector[]
  readonly lmHead: readonly Vector[]
}

/**
 * EAGLE written down a second time, as its papers' code has it: double precision, no cache, the whole text anew for each step.
 * Gives the log-probabilities over the draft vocabulary of `steps` steps, each fed the best token of the one before.
 */
export function plainSteps(tensors: HeadTensors, flags: PlainFlags, input: PlainInput, steps: number): Vector[] {
  const tokens = [...input.tokens]
  const features = input.states.map((states) => fuse(tensors, flags, states))
  const found: Vector[] = []
  for (let step = 0; step < steps; step++) {
    const outputs = layers(tensors, flags, features, tokens, input)
    const out = outputs.at(-1) as Vector
    const normed = flags.kind === 3 ? norm(tensors, 'norm', out) : out
    const own = tensors.has('lm_head.weight')
    const logits = own ? times(tensors, 'lm_head', normed) : input.lmHead.map((row) => dot(row, normed))
    const peak = Math.max(...logits)
    const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value - peak), 0)) + peak
    found.push(logits.map((value) => value - total))
    const best = logits.indexOf(peak)
    tokens.push(flags.targetIds?.[best] ?? best)
    features.push(flags.normOutput ? normed : out)
  }
  return found
}

function fuse(tensors: HeadTensors, { kind }: PlainFlags, states: readonly Vector[]): Vector {
  if (kind === 1 || !tensors.has('fc.weight')) return states[0] as Vector
  const all = states.flatMap((state, i) => norm(tensors, `fc_norm.${i}`, state))
  return times(tensors, 'fc', norm(tensors, 'input_norm', all))
}

function layers(
  tensors: HeadTensors,
  flags: PlainFlags,
  features: readonly Vector[],
  tokens: readonly number[],
  { embedding }: PlainInput,
): readonly Vector[] {
  const own = tensors.get('embed_tokens.weight')
  const width = own?.shape[1] ?? 0
  const embed = (token: number): Vector =>
    own ? own.values.slice(token * width, (token + 1) * width) : (embedding[token] as Vector)
  const fed = features.map((g, i) => {
    const e = embed(tokens[i] as number)
    if (flags.kind === 1) {
      const x = times(tensors, 'fc', [...e, ...g])
      return { residual: x, input: x }
    }
    const normed = norm(tensors, 'layers.0.hidden_norm', g)
    const residual = flags.normBeforeResidual ? normed : g
    return { residual, input: [...norm(tensors, 'layers.0.input_layernorm', e), ...normed] }
  })
  let stream = attentionAndMlp(
    tensors,
    flags,
    'layers.0',
    fed.map(({ residual }) => residual),
    fed.map(({ input }) => input),
  )
  for (let i = 1; tensors.has(`layers.${i}.mlp.up_proj.weight`); i++) {
    const inputs = stream.map((x) => norm(tensors, `layers.${i}.input_layernorm`, x))
    stream = attentionAndMlp(tensors, flags, `layers.${i}`, stream, inputs)
  }
  return stream
}

function attentionAndMlp(
  tensors: HeadTensors,
  { theta = tinyConfig.rope_theta }: PlainFlags,
  at: string,
  residuals: readonly Vector[],
  inputs: readonly Vector[],
): readonly Vector[] {
  const { head_dim: dim, num_attention_heads: heads, num_key_value_heads: kvHeads } = tinyConfig
  const turn = (x: Vector, position: number): Vector =>
    x.map((v, i) => {
      const angle = position * theta ** ((-2 * (i % (dim / 2))) / dim)
      const other = i < dim / 2 ? -(x[i + dim / 2] as number) : (x[i - dim / 2] as number)
      return v * Math.cos(angle) + other * Math.sin(angle)
    })
  const split = (part: string, count: number) =>
    inputs.map((x, position) => {
      const all = times(tensors, `${at}.self_attn.${part}_proj`, x)
      return Array.from({ length: count }, (_, h) => {
        const head = all.slice(h * dim, (h + 1) * dim)
        return part === 'v' ? head : turn(norm(tensors, `${at}.self_attn.${part}_norm`, head), position)
      })
    })
  const [q, k, v] = [split('q', heads), split('k', kvHeads), split('v', kvHeads)]
  return residuals.map((x, position) => {
    const mixed = Array.from({ length: heads }, (_, h) => {
      const group = Math.floor((h * kvHeads) / heads)
      const scores = k.slice(0, position + 1).map((keys) => {
        return dot(q[position]?.[h] as Vector, keys[group] as Vector) / Math.sqrt(dim)
      })
      const weights = scores.map((score) => Math.exp(score - Math.max(...scores)))
      const total = weights.reduce((a, b) => a + b, 0)
      return Array.from({ length: dim }, (_, d) =>
        weights.reduce((sum, w, p) => sum + (w / total) * (v[p]?.[group]?.[d] as number), 0),
      )
    }).flat()
    const attended = plus(times(tensors, `${at}.self_attn.o_proj`, mixed), x)
    const inner = norm(tensors, `${at}.post_attention_layernorm`, attended)
    const up = times(tensors, `${at}.mlp.up_proj`, inner)
    const gated = times(tensors, `${at}.mlp.gate_proj`, inner).map(
      (g, i) => (g / (1 + Math.exp(-g))) * (up[i] as number),
    )
    return plus(times(tensors, `${at}.mlp.down_proj`, gated), attended)
  })
}

function plus(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + (b[i] as number))
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0)
}

function times(tensors: HeadTensors, name: string, x: Vector): Vector {
  const { shape, values } = tensors.get(`${name}.weight`) as { shape: readonly number[]; values: Vector }
  const bias = tensors.get(`${name}.bias`)?.values
  const [outputs = 0, inputs = 0] = shape
  return Array.from(
    { length: outputs },
    (_, n) => dot(values.slice(n * inputs, (n + 1) * inputs), x) + (bias?.[n] ?? 0),
  )
}

/** As it is where there is no such norm. */
function norm(tensors: HeadTensors, name: string, x: Vector): Vector {
  const gain = tensors.get(`${name}.weight`)?.values
  if (!gain) return x
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + tinyConfig.rms_norm_eps)
  return x.map((v, i) => v * scale * (gain[i] as number))
}
