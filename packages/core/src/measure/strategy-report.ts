import { firstDifference } from './difference'
import type { NamedPrompt } from './options'
import type { Runs } from './recorder'
import type { CategoryReport, Difference, PromptReport, StrategyReport } from './report'
import { type RunResult, tokensPerSecond } from './run'
import { type Against, ratios, speedOf, speedUp } from './speed'
import { addUp, type Totals } from './totals'

/** Sums up a strategy's runs, against plain's. */
export function reportStrategy(
  own: Runs,
  against: Against,
  prompts: readonly NamedPrompt[],
  maxRows: number,
): StrategyReport {
  const results = [...own.byPrompt.values()].flat()
  const totals = addUp(results, maxRows)
  const { plain } = against
  const times = ratios(own, plain)
  const reports = [...own.byPrompt].map(([place, repeats], i) =>
    reportPrompt(repeats, { plain, place, speedUp: times[i] ?? null }),
  )
  const difference = findDifference(own, plain)
  return {
    strategy: own.name,
    acceptance: results[0]?.stats.acceptance ?? null,
    failed: own.failed,
    identical: difference === null && results.length > 0,
    difference,
    ...speedOf(own, against),
    ...shares(totals),
    categories: categories(reports, [...own.byPrompt.keys()], prompts),
    report: results[0]?.stats.report ?? null,
    prompts: reports,
  }
}

/** What a strategy's counts come to. */
function shares({ byDepth, submits, reads, prefills, ...counts }: Totals) {
  const { rounds, tokens, drafts } = counts
  const perRound = (count: number) => (rounds === 0 ? 0 : count / rounds)
  return {
    ...counts,
    meanAcceptanceLength: perRound(tokens),
    acceptanceByPosition: byDepth.map((count) => count / drafts),
    submitsPerRound: perRound(submits - prefills),
    readsPerRound: perRound(reads),
  }
}

function reportPrompt(
  repeats: readonly RunResult[],
  { plain, place, speedUp }: { readonly plain: Runs; readonly place: number; readonly speedUp: number | null },
): PromptReport {
  const expected = plain.byPrompt.get(place)?.[0]?.ids ?? []
  const other = repeats.find(({ ids }) => firstDifference(expected, ids, place) !== null)
  const sum = (count: 'rounds' | 'tokens' | 'proposed' | 'evaluated' | 'accepted') =>
    repeats.reduce((total, { stats }) => total + stats[count], 0)
  return {
    tokensPerSecond: repeats.map(tokensPerSecond),
    firstTokenMs: repeats.map(({ firstTokenMs }) => firstTokenMs),
    speedUp,
    identical: other === undefined,
    ids: other?.ids ?? null,
    rounds: sum('rounds'),
    tokens: sum('tokens'),
    proposed: sum('proposed'),
    evaluated: sum('evaluated'),
    accepted: sum('accepted'),
  }
}

/** Over every run, those timed by the device's clock too; of a plain run against plain's first. */
function findDifference(own: Runs, plain: Runs): Difference | null {
  for (const [place, [expected]] of plain.byPrompt) {
    const timed = own.timed.get(place)
    for (const { ids } of [...(own.byPrompt.get(place) ?? []), ...(timed ? [timed] : [])]) {
      const difference = firstDifference(expected?.ids ?? [], ids, place)
      if (difference) return difference
    }
  }
  return null
}

/** `places`: of the prompts that `reports` are of. */
function categories(
  reports: readonly PromptReport[],
  places: readonly number[],
  prompts: readonly NamedPrompt[],
): Readonly<Record<string, CategoryReport>> {
  const groups = new Map<string, PromptReport[]>()
  reports.forEach((report, i) => {
    const category = prompts[places[i] as number]?.category
    if (category) groups.set(category, [...(groups.get(category) ?? []), report])
  })
  return Object.fromEntries(
    [...groups].map(([category, group]) => {
      const [tokens, rounds] = [group.reduce((n, r) => n + r.tokens, 0), group.reduce((n, r) => n + r.rounds, 0)]
      const meanAcceptanceLength = rounds === 0 ? 0 : tokens / rounds
      const times = speedUp(group.map((report) => report.speedUp))
      return [category, { prompts: group.length, speedUp: times?.geomean ?? null, meanAcceptanceLength }]
    }),
  )
}
