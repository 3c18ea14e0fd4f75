import { plainLogits } from '../../core/test/support/plain-llama'
import { type TinyTensor, tinyConfig } from '../../core/test/support/tiny-model'

/** A module by the parts of DeepSeek's names, and how its layout joins them. */
export interface PlainModule {
  /** `enorm.weight`, `hnorm.weight`, `eh_proj.weight`, `shared_head.norm.weight`, and a layer's tensors. */
  readonly tensors: ReadonlyMap<string, TinyTensor>
  readonly first: 'embedding' | 'hidden'
  readonly zeroesFirst: boolean
}

type Vector = readonly number[]
type Target = ReadonlyMap<string, TinyTensor>

const { hidden_size: hidden, rms_norm_eps: eps, rope_theta: theta, head_dim: dim } = tinyConfig
const angles = Array.from({ length: dim / 2 }, (_, i) => theta ** ((-2 * i) / dim))

/**
 * The formula of an MTP module written down a second time, in double precision and without a cache: entry i joins the state `g`[i] and
 * the embedding of `tokens`[i]. Gives the state after its final norm at every position.
 */
export function plainStates(
  module: PlainModule,
  target: Target,
  g: readonly Vector[],
  tokens: readonly number[],
): Vector[] {
  const fused = g.map((state, i) => {
    const embedding = module.zeroesFirst && i === 0 ? state.map(() => 0) : embed(target, tokens[i] as number)
    const halves = [norm(module, 'enorm', embedding), norm(module, 'hnorm', state)]
    if (module.first === 'hidden') halves.reverse()
    return times(module.tensors.get('eh_proj.weight') as TinyTensor, halves.flat())
  })
  const table = { shape: [fused.length, hidden], values: Float32Array.from(fused.flat()) }
  const identity = Float32Array.from({ length: hidden * hidden }, (_, i) => (i % (hidden + 1) === 0 ? 1 : 0))
  const layer = [...module.tensors].map(([name, tensor]) => [`model.layers.0.${name}`, tensor] as const)
  const tensors = new Map([
    ...layer,
    ['model.embed_tokens.weight', table] as const,
    ['model.norm.weight', module.tensors.get('shared_head.norm.weight') as TinyTensor] as const,
    ['lm_head.weight', { shape: [hidden, hidden], values: identity }] as const,
  ])
  return fused.map((_, i) =>
    plainLogits(tensors, { ...tinyConfig, num_hidden_layers: 1 }, angles, 1, [...Array(i + 1).keys()]),
  )
}

/** Log-probabilities over the target's vocabulary, nats. */
export function plainLogProbs(target: Target, state: Vector): Vector {
  const logits = times(target.get('model.embed_tokens.weight') as TinyTensor, state)
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
  return logits.map((logit) => logit - total)
}

function embed(target: Target, token: number): Vector {
  const { values } = target.get('model.embed_tokens.weight') as TinyTensor
  return [...values.slice(token * hidden, (token + 1) * hidden)]
}

function times({ shape, values }: TinyTensor, x: Vector): Vector {
  const inputs = x.length
  return Array.from({ length: shape[0] as number }, (_, n) =>
    x.reduce((sum, v, k) => sum + v * (values[n * inputs + k] as number), 0),
  )
}

function norm({ tensors }: PlainModule, name: string, x: Vector): Vector {
  const gain = (tensors.get(`${name}.weight`) as TinyTensor).values
  const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + eps)
  return x.map((v, i) => v * scale * (gain[i] as number))
}
