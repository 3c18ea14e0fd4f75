import type { BackendInfo } from '../spec'
import type { Runs } from './recorder'
import type { BaselineReport } from './report'
import { tokensPerSecond } from './run'
import { type Against, ratios, speedOf, speedUp } from './speed'

/** Sums up a baseline's runs, against plain's. */
export function reportBaseline(own: Runs, against: Against, environment: BackendInfo): BaselineReport {
  const times = ratios(own, against.plain)
  return {
    name: own.name,
    environment: { ...environment },
    failed: own.failed,
    ...speedOf(own, against),
    prompts: [...own.byPrompt.values()].map((repeats, i) => ({
      tokensPerSecond: repeats.map(tokensPerSecond),
      firstTokenMs: repeats.map(({ firstTokenMs }) => firstTokenMs),
      speedUp: times[i] ?? null,
    })),
  }
}

/** The plain decoding that is the fastest over all prompts: one that failed has not decoded them all. */
export function fastestOf(plain: Runs, baselines: readonly Runs[]): Runs {
  const timesPlain = (own: Runs) => speedUp(ratios(own, plain))?.geomean ?? 1
  return baselines
    .filter(({ failed }) => !failed)
    .reduce((best, own) => (timesPlain(own) > timesPlain(best) ? own : best), plain)
}
