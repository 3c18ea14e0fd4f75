import type { BaselineReport, CompareReport } from '@outrider/core'

/** The baseline that is the fastest plain decoding; null where plain itself is, or where there are none. */
export function fastestBaseline({ baselines = [], fastestPlain }: CompareReport): BaselineReport | null {
  return baselines.find(({ name }) => name === fastestPlain) ?? null
}

/** Puts what is told of baselines right below what is told of plain, which is the first. */
export function belowPlain<Told>(strategies: readonly Told[], baselines: readonly Told[]): readonly Told[] {
  return [...strategies.slice(0, 1), ...baselines, ...strategies.slice(1)]
}
