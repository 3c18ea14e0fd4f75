import type { CostCurve } from '../spec'
import { fastestOf, reportBaseline } from './baseline-report'
import type { Comparable } from './comparable'
import type { ComparePlan, NamedPrompt } from './options'
import type { Recorder, Runs } from './recorder'
import type { CompareReport, ReportedPrompt } from './report'
import { reportStrategy } from './strategy-report'

/** What a comparison gathered. */
export interface Gathered {
  readonly engine: Comparable
  readonly plan: ComparePlan
  readonly recorder: Recorder
  readonly cost: CostCurve | null
}

/** Makes the report of what was gathered. */
export function summarise({ engine, plan, recorder, cost }: Gathered): CompareReport {
  const { contenders, prompts, maxTokens, repeats, ignoreEos, rule, warmUpMs, phasePrompts, title } = plan
  const { capacity, maxRows } = engine.limits
  const { rope: _, ...model } = engine.model
  const plain = recorder.of(contenders.plain)
  const drafting = contenders.drafting.map((each) => recorder.of(each))
  const baselines = contenders.baselines.map((each) => ({ own: recorder.of(each), info: each.engine.backend.info }))
  const others = baselines.map(({ own }) => own)
  const fastest = others.length > 0 ? fastestOf(plain, others) : null
  const against = { plain, fastest }
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
    ...(fastest && {
      fastestPlain: fastest.name,
      baselines: baselines.map(({ own, info }) => reportBaseline(own, against, info)),
    }),
    strategies: [plain, ...drafting].map((own) => reportStrategy(own, against, prompts, maxRows)),
  }
}

function reportPrompt({ name, category }: NamedPrompt, { byPrompt }: Runs, place: number): ReportedPrompt {
  const result = byPrompt.get(place)?.[0]
  return { name, category, tokens: result?.promptTokens ?? 0, ids: result?.ids ?? [] }
}
