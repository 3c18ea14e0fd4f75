import { OutriderError } from '../errors'
import { planSampling, type SamplingOptions, type SamplingPlan } from '../sample'
import type { AcceptanceRule, Constraint, LogitsProcessor } from '../spec'
import { checkVersion } from './contract-version'

/** How one generation runs. */
export interface GenerateOptions extends SamplingOptions {
  /** Name of one of the engine's strategies, or `plain`. Default `plain`. */
  readonly strategy?: string
  /** Most tokens to generate. Default: what the engine's capacity leaves. */
  readonly maxTokens?: number
  /** Texts that end the generation; what was generated from the first of them on is left out. */
  readonly stop?: string | readonly string[]
  /** Token ids that end the generation, as end-of-sequence tokens do; the token itself is left out of the text. */
  readonly stopTokens?: readonly number[]
  /** Goes on after end-of-sequence tokens, for measurements. Default false. */
  readonly ignoreEos?: boolean
  /** Which drafted tokens are kept. Default `exact`: the text of plain decoding, at any temperature. */
  readonly acceptance?: AcceptanceRule
  /** Change the model's logits before anything else does, those on the device first, each in the order given. */
  readonly processors?: readonly LogitsProcessor[]
  /** What the text must be, as token masks: applied after penalties and bias, before the temperature. It begins with the answer. */
  readonly constraint?: Constraint
  /** Times drafting and verifying by the device's own clock, for `stats.phases`. Default false: it costs a little. */
  readonly timings?: boolean
  readonly signal?: AbortSignal
}

/** Options with their defaults, checked. */
export interface GenerationPlan {
  readonly maxTokens: number
  readonly stop: readonly string[]
  readonly stopTokens: ReadonlySet<number>
  readonly endTokens: ReadonlySet<number>
  readonly sampling: SamplingPlan
  readonly processors: readonly LogitsProcessor[]
  readonly constraint: Constraint | null
  /** Tokens that end a text, whether or not they end this generation. */
  readonly eos: readonly number[]
  readonly signal: AbortSignal | undefined
}

/**
 * Checks options for a model of `vocab` tokens that ends with `eos`; `least`: of tokens to be generated. Throws `INVALID_OPTION` naming
 * the option and what it may be, `STRATEGY_VERSION`.
 */
export function plan(options: GenerateOptions, eos: readonly number[], vocab: number, least = 1): GenerationPlan {
  const { maxTokens = Number.POSITIVE_INFINITY, stop = [], stopTokens = [], ignoreEos = false, signal } = options
  if (maxTokens !== Number.POSITIVE_INFINITY && (!Number.isInteger(maxTokens) || maxTokens < least))
    throw new OutriderError('INVALID_OPTION', `maxTokens must be a whole number of at least ${least}, not ${maxTokens}`)
  for (const [name, list] of Object.entries({ stopTokens, processors: options.processors ?? [] }))
    if (!Array.isArray(list)) throw new OutriderError('INVALID_OPTION', `${name} must be a list, not ${list}`)
  const wrong = stopTokens.find((id) => !Number.isInteger(id) || id < 0)
  if (wrong !== undefined) throw new OutriderError('INVALID_OPTION', `stopTokens holds ${wrong}, which is no token id`)
  const texts = typeof stop === 'string' ? [stop] : stop
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string'))
    throw new OutriderError('INVALID_OPTION', 'stop must be a text or a list of texts')
  if (texts.some((text) => text === ''))
    throw new OutriderError('INVALID_OPTION', 'a stop text must not be empty: leave it out')
  const endTokens = new Set(ignoreEos ? [] : eos)
  const sampling = planSampling(options, vocab)
  const { processors = [], constraint = null } = options
  for (const processor of processors) checkVersion('processor', processor)
  if (constraint) checkVersion('constraint', constraint)
  const ends = { stop: texts, stopTokens: new Set(stopTokens), endTokens, eos }
  return { maxTokens, ...ends, sampling, processors, constraint, signal }
}
