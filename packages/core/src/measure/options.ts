import { exact } from '../accept'
import { OutriderError } from '../errors'
import type { AcceptanceRule } from '../spec'
import type { Comparable, CompareBaseline } from './comparable'
import { type Contenders, contendersOf } from './contenders'
import type { RunResult } from './run'

/** A prompt, bare or with what reports are to call it and sort it by. Token ids are taken as they are. */
export type ComparePrompt =
  | string
  | readonly number[]
  | { readonly prompt: string | readonly number[]; readonly name?: string; readonly category?: string }

/** How strategies are compared. */
export interface CompareOptions {
  readonly prompts: readonly ComparePrompt[]
  /** Names of the engine's strategies. Default all. `plain`, the baseline, always runs and comes first. */
  readonly strategies?: readonly string[]
  /**
   * Plain decoding of other engines, in turn with the strategies on the same prompts, so that each is held against the fastest
   * plain decoding there is. Its text is not judged. Default none; one that throws is left out as a strategy is.
   */
  readonly baselines?: readonly CompareBaseline[]
  /** Tokens to generate for each prompt, at least 2. Default 128. */
  readonly maxTokens?: number
  /** How often each strategy decodes each prompt. Default 1. */
  readonly repeats?: number
  /** Goes on after end-of-sequence tokens, so that every text is as long as every other. Default true. */
  readonly ignoreEos?: boolean
  /** Which drafted tokens are kept. Default `exact`. */
  readonly acceptance?: AcceptanceRule
  /**
   * Milliseconds of plain decoding before the clock counts, after a generation with each strategy that compiles what it needs.
   * Default 500, which raises a GPU's clock; 0 on devices that are `software`.
   */
  readonly warmUpMs?: number
  /**
   * How many of the prompts, spread evenly over the list, are decoded once more for `phasesMs`, in generations of their own so
   * that timing does not slow the others. Default 4, 1 on devices that are `software`; 0 for none.
   */
  readonly phasePrompts?: number
  /** Reports what verify passes of every size cost on this device. Default true, but for a software device. */
  readonly cost?: boolean
  /** What the report is of, for its tables: a model's name. */
  readonly title?: string
  readonly signal?: AbortSignal
  /** After each run that counts; a strategy that has failed is passed over. */
  readonly onProgress?: (progress: CompareProgress) => void
}

/** How far a comparison is. */
export interface CompareProgress {
  /** Runs done, and runs in all. */
  readonly done: number
  readonly total: number
  /** The strategy's name, or the baseline's. */
  readonly strategy: string
  /** Place of the prompt in the list. */
  readonly prompt: number
  /** null where it failed. */
  readonly result: RunResult | null
}

/** A prompt as it is reported. */
export interface NamedPrompt {
  readonly prompt: string | readonly number[]
  readonly name: string
  readonly category: string | null
}

/** Options with their defaults, checked. */
export interface ComparePlan {
  readonly prompts: readonly NamedPrompt[]
  readonly contenders: Contenders
  readonly maxTokens: number
  readonly repeats: number
  readonly ignoreEos: boolean
  readonly rule: AcceptanceRule
  readonly warmUpMs: number
  readonly phasePrompts: number
  readonly cost: boolean
  readonly title: string | null
}

/** Throws `INVALID_OPTION`, `STRATEGY_UNKNOWN`. */
export function comparePlan(engine: Comparable, options: CompareOptions): ComparePlan {
  const {
    maxTokens = 128,
    repeats = 1,
    ignoreEos = true,
    acceptance: rule = exact,
    cost = !engine.backend.info.software,
    title = null,
  } = options
  const { warmUpMs = engine.backend.info.software ? 0 : 500, phasePrompts = engine.backend.info.software ? 1 : 4 } =
    options
  const prompts = options.prompts.map(named)
  if (prompts.length === 0) throw new OutriderError('INVALID_OPTION', 'compare: give at least one prompt')
  whole('maxTokens', maxTokens, 2)
  whole('repeats', repeats, 1)
  whole('phasePrompts', phasePrompts, 0)
  if (!(Number.isFinite(warmUpMs) && warmUpMs >= 0))
    throw new OutriderError('INVALID_OPTION', `compare: warmUpMs must be a number of milliseconds, not ${warmUpMs}`)
  const asked = new Set(options.strategies ?? engine.strategies)
  asked.delete('plain')
  const unknown = [...asked].filter((name) => !engine.strategies.includes(name))
  if (unknown.length > 0)
    throw new OutriderError(
      'STRATEGY_UNKNOWN',
      `this engine has no strategy "${unknown.join('", "')}": choose of ${engine.strategies.join(', ')}`,
      { details: { unknown, known: engine.strategies } },
    )
  const contenders = contendersOf(engine, ['plain', ...asked], options.baselines ?? [])
  return { prompts, contenders, maxTokens, repeats, ignoreEos, rule, warmUpMs, phasePrompts, cost, title }
}

function named(given: ComparePrompt, place: number): NamedPrompt {
  const { prompt, name, category } = isBare(given) ? { prompt: given } : given
  return { prompt, name: name ?? `prompt ${place + 1}`, category: category ?? null }
}

function isBare(given: ComparePrompt): given is string | readonly number[] {
  return typeof given === 'string' || Array.isArray(given)
}

function whole(option: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return
  throw new OutriderError(
    'INVALID_OPTION',
    `compare: ${option} must be a whole number of at least ${least}, not ${value}`,
  )
}
