import { phasesMs } from './phases'
import type { Runs } from './recorder'
import type { SpeedReport, SpeedUp } from './report'
import { type RunResult, tokensPerSecond } from './run'
import { geometricMean, median, spread } from './statistics'

/** Plain decoding that others are held against. */
export interface Against {
  readonly plain: Runs
  /** The fastest; null where there is but one. */
  readonly fastest: Runs | null
}

/** What the clocks say of a contender. */
export function speedOf(own: Runs, { plain, fastest }: Against): SpeedReport {
  const results = [...own.byPrompt.values()].flat()
  const rates = results.map(tokensPerSecond).filter((rate) => rate !== null)
  const speeds = spread(rates)
  return {
    tokensPerSecond: speeds && { ...speeds, runs: rates.length },
    speedUp: speedUp(ratios(own, plain)),
    ...(fastest && { againstFastest: speedUp(ratios(own, fastest)) }),
    roundMs: median(
      results.flatMap(({ decodeMs, stats }) => (stats.rounds > 1 ? [decodeMs / (stats.rounds - 1)] : [])),
    ),
    phasesMs: phasesMs([...own.timed.values()]),
    firstTokenMs: median(results.map(({ firstTokenMs }) => firstTokenMs)),
  }
}

/** Times the speed of `base`, for each of the contender's prompts; null where one has none, and of `base` itself. */
export function ratios(own: Runs, base: Runs): readonly (number | null)[] {
  return [...own.byPrompt].map(([prompt, repeats]) => {
    const [rate, of] = [typicalRate(repeats), typicalRate(base.byPrompt.get(prompt) ?? [])]
    return own === base || rate === null || of === null ? null : rate / of
  })
}

/** The mean of ratios, and their spread; null where there is none. */
export function speedUp(all: readonly (number | null)[]): SpeedUp | null {
  const measured = all.filter((ratio) => ratio !== null)
  const [geomean, quartiles] = [geometricMean(measured), spread(measured)]
  if (geomean === null || quartiles === null) return null
  return { geomean, low: quartiles.low, high: quartiles.high, slower: geomean < 1 }
}

function typicalRate(repeats: readonly RunResult[]): number | null {
  return median(repeats.map(tokensPerSecond).filter((rate) => rate !== null))
}
