import type { DecodeStats } from '../decode'
import type { BackendInfo, CostCurve, Guarantee, ModelConfig, Report } from '../spec'
import type { Spread } from './statistics'

/** What `compare` found: plain JSON. */
export interface CompareReport {
  /** Version of this shape. */
  readonly format: 1
  readonly title: string | null
  readonly environment: BackendInfo
  readonly model: Omit<ModelConfig, 'rope'>
  readonly settings: CompareSettings
  /** What the acceptance rule promises; text may differ from plain's unless it is `same-tokens`. */
  readonly guarantee: Guarantee
  /** Whether this device was seen to give a row the same bits in passes of every size. */
  readonly exact: boolean
  /** What verify passes cost; null without `cost`. */
  readonly cost: CostCurve | null
  readonly prompts: readonly ReportedPrompt[]
  /** Name of the fastest plain decoding: `plain`, or a baseline that did not fail. Absent where there were no baselines. */
  readonly fastestPlain?: string
  /** Plain decoding of other engines, in the order that was asked for. Absent where there was none. */
  readonly baselines?: readonly BaselineReport[]
  /** `plain` first, then in the order that was asked for. */
  readonly strategies: readonly StrategyReport[]
}

/** How a comparison was run. */
export interface CompareSettings {
  readonly maxTokens: number
  readonly repeats: number
  readonly ignoreEos: boolean
  readonly acceptance: string
  readonly warmUpMs: number
  readonly phasePrompts: number
  readonly capacity: number
  readonly maxRows: number
}

/** A prompt and what plain decoding made of it. */
export interface ReportedPrompt {
  readonly name: string
  readonly category: string | null
  /** Tokens of the prompt. */
  readonly tokens: number
  /** What plain decoding generated. */
  readonly ids: readonly number[]
}

/** What the clocks say of a strategy or a baseline. */
export interface SpeedReport {
  /** Quartiles over runs, of the tokens after the first round; null where a first round was all there was. */
  readonly tokensPerSecond: (Spread & { readonly runs: number }) | null
  /** Against plain, prompt by prompt. null for plain itself. */
  readonly speedUp: SpeedUp | null
  /** Against the fastest plain decoding, prompt by prompt; null for that one itself. Absent where there were no baselines. */
  readonly againstFastest?: SpeedUp | null
  /** Median over runs of the milliseconds of a round, on the host's clock. */
  readonly roundMs: number | null
  readonly phasesMs: PhasesMs | null
  /** Median over runs: prefill and the first round. */
  readonly firstTokenMs: number | null
}

/** What plain decoding of another engine did. */
export interface BaselineReport extends SpeedReport {
  readonly name: string
  /** What its engine computes on, and how. */
  readonly environment: BackendInfo
  /** What it failed with, and at which prompt; it was left out from then on. */
  readonly failed: StrategyFailure | null
  /** One a prompt, in order, until it failed. */
  readonly prompts: readonly Pick<PromptReport, 'tokensPerSecond' | 'firstTokenMs' | 'speedUp'>[]
}

/** What a strategy did over all of its runs. Counts are sums; the pass of a phase measurement is not among them. */
export interface StrategyReport extends SpeedReport {
  readonly strategy: string
  /** The rule that its runs tell of, and what it promises of their text; null where there was none. */
  readonly acceptance: DecodeStats['acceptance'] | null
  /** What it failed with, and at which prompt; it was left out from then on. */
  readonly failed: StrategyFailure | null
  /** Whether every run gave the tokens of plain decoding. */
  readonly identical: boolean
  readonly difference: Difference | null
  /** Tokens a round commits on average, the target's own included. */
  readonly meanAcceptanceLength: number
  readonly tokens: number
  readonly rounds: number
  /** Rounds that had a draft. */
  readonly drafts: number
  /** Draft tokens that were proposed, verified, kept. */
  readonly proposed: number
  readonly evaluated: number
  readonly accepted: number
  readonly acceptedBy: Readonly<Record<string, number>>
  /** Share of the rounds with a draft in which at least d draft tokens were kept, for d = 1, 2, … */
  readonly acceptanceByPosition: readonly number[]
  /** Without those of the prefill. */
  readonly submitsPerRound: number
  readonly readsPerRound: number
  /** By the prompts' categories, where they have any. */
  readonly categories: Readonly<Record<string, CategoryReport>>
  /** What the strategy told of its decisions in its first run. */
  readonly report: Report | null
  /** One a prompt, in order, until it failed. */
  readonly prompts: readonly PromptReport[]
}

/** Why a strategy or a baseline was left out. */
export interface StrategyFailure {
  /** Of an `OutriderError`. */
  readonly code: string | null
  readonly message: string
  /** Place of the prompt, from 0. */
  readonly prompt: number
}

/** The first token that is not plain decoding's. */
export interface Difference {
  /** Place of the prompt, from 0. */
  readonly prompt: number
  /** Place in the generated text, from 0. */
  readonly position: number
  /** Plain's token and the strategy's; null where the text had ended. */
  readonly plain: number | null
  readonly found: number | null
}

/** Times as fast as a plain decoding: the geometric mean over prompts, and the quartiles. */
export interface SpeedUp {
  readonly geomean: number
  readonly low: number
  readonly high: number
  readonly slower: boolean
}

/**
 * Milliseconds of a round: drafting (proposing on the host, drafting and keeping in step on the device), verifying on the device,
 * and the rest of the round's time. Device times are of the device's own clock; null where it has none.
 */
export interface PhasesMs {
  readonly draft: number
  readonly verify: number
  readonly host: number
}

/** What a strategy did for the prompts of one category. */
export interface CategoryReport {
  readonly prompts: number
  /** Geometric mean; null for plain. */
  readonly speedUp: number | null
  readonly meanAcceptanceLength: number
}

/** What a strategy did for one prompt. */
export interface PromptReport {
  /** Of each repeat. */
  readonly tokensPerSecond: readonly (number | null)[]
  readonly firstTokenMs: readonly number[]
  /** Medians of the repeats against plain's. */
  readonly speedUp: number | null
  readonly identical: boolean
  /** What it generated, where that is not what plain decoding did. */
  readonly ids: readonly number[] | null
  readonly rounds: number
  readonly tokens: number
  readonly proposed: number
  readonly evaluated: number
  readonly accepted: number
}
