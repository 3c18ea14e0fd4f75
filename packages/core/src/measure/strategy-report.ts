import { firstDifference } from './difference'
import type { NamedPrompt } from './options'
import { phasesMs } from './phases'
import type { StrategyRuns } from './recorder'
import type { CategoryReport, Difference, PromptReport, SpeedUp, StrategyReport } from './report'
import { type RunResult, tokensPerSecond } from './run'
import { geometricMean, median, spread } from './statistics'
import { addUp, type Totals } from './totals'

/** Sums up a strategy's runs, against plain's. */
export function reportStrategy(
  own: StrategyRuns,
  plain: StrategyRuns,
  prompts: readonly NamedPrompt[],
  maxRows: number,
): StrategyReport {
  const results = [...own.byPrompt.values()].flat()
  const totals = addUp(results, maxRows)
  const reports = [...own.byPrompt].map(([place, repeats]) => reportPrompt(repeats, plain, own === plain, place))
  const difference = findDifference(own, plain)
  const rates = results.map(tokensPerSecond).filter((rate) => rate !== null)
  const speeds = spread(rates)
  return {
    strategy: own.strategy,
    acceptance: results[0]?.stats.acceptance ?? null,
    failed: own.failed,
    identical: difference === null && results.length > 0,
    difference,
    tokensPerSecond: speeds && { ...speeds, runs: rates.length },
    speedUp: speedUp(reports),
    ...shares(totals),
    roundMs: median(
      results.flatMap(({ decodeMs, stats }) => (stats.rounds > 1 ? [decodeMs / (stats.rounds - 1)] : [])),
    ),
    phasesMs: phasesMs([...own.timed.values()]),
    firstTokenMs: median(results.map(({ firstTokenMs }) => firstTokenMs)),
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
  { byPrompt }: StrategyRuns,
  isPlain: boolean,
  place: number,
): PromptReport {
  const plain = byPrompt.get(place) ?? []
  const rates = repeats.map(tokensPerSecond)
  const typical = (all: readonly (number | null)[]) => median(all.filter((rate) => rate !== null))
  const [rate, base] = [typical(rates), typical(plain.map(tokensPerSecond))]
  const expected = plain[0]?.ids ?? []
  const other = repeats.find(({ ids }) => firstDifference(expected, ids, place) !== null)
  const sum = (count: 'rounds' | 'tokens' | 'proposed' | 'evaluated' | 'accepted') =>
    repeats.reduce((total, { stats }) => total + stats[count], 0)
  return {
    tokensPerSecond: rates,
    firstTokenMs: repeats.map(({ firstTokenMs }) => firstTokenMs),
    speedUp: isPlain || rate === null || base === null ? null : rate / base,
    identical: other === undefined,
    ids: other?.ids ?? null,
    rounds: sum('rounds'),
    tokens: sum('tokens'),
    proposed: sum('proposed'),
    evaluated: sum('evaluated'),
    accepted: sum('accepted'),
  }
}

function speedUp(reports: readonly PromptReport[]): SpeedUp | null {
  const ratios = reports.map((report) => report.speedUp).filter((ratio) => ratio !== null)
  const [geomean, quartiles] = [geometricMean(ratios), spread(ratios)]
  if (geomean === null || quartiles === null) return null
  return { geomean, low: quartiles.low, high: quartiles.high, slower: geomean < 1 }
}

/** Over every run, those timed by the device's clock too; of a plain run against plain's first. */
function findDifference(own: StrategyRuns, plain: StrategyRuns): Difference | null {
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
      return [category, { prompts: group.length, speedUp: speedUp(group)?.geomean ?? null, meanAcceptanceLength }]
    }),
  )
}
