import type { CostCurve } from '../spec'
import type { Comparable } from './comparable'
import type { ComparePlan, NamedPrompt } from './options'
import type { StrategyRuns } from './recorder'
import type { CompareReport, ReportedPrompt } from './report'
import { reportStrategy } from './strategy-report'

/** What a comparison gathered. */
export interface Gathered {
  readonly engine: Comparable
  readonly plan: ComparePlan
  /** Plain's first. */
  readonly runs: readonly StrategyRuns[]
  readonly cost: CostCurve | null
}

/** Makes the report of what was gathered. */
export function summarise({ engine, plan, runs, cost }: Gathered): CompareReport {
  const { prompts, maxTokens, repeats, ignoreEos, rule, warmUpMs, phasePrompts, title } = plan
  const { capacity, maxRows } = engine.limits
  const { rope: _, ...model } = engine.model
  const plain = runs[0] as StrategyRuns
  return {
    format: 1,
    title,
    environment: { ...engine.backend.info },
    model,
    settings: { maxTokens, repeats, ignoreEos, acceptance: rule.name, warmUpMs, phasePrompts, capacity, maxRows },
    guarantee: rule.guarantee,
    exact: engine.exact,
    cost,
    prompts: prompts.map((prompt, place) => reportPrompt(prompt, plain, place)),
    strategies: runs.map((own) => reportStrategy(own, plain, prompts, maxRows)),
  }
}

function reportPrompt({ name, category }: NamedPrompt, { byPrompt }: StrategyRuns, place: number): ReportedPrompt {
  const result = byPrompt.get(place)?.[0]
  return { name, category, tokens: result?.promptTokens ?? 0, ids: result?.ids ?? [] }
}
