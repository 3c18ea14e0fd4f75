import { chunkRows } from '../verify'
import type { RunResult } from './run'

/** Counts of several runs. */
export interface Totals {
  readonly tokens: number
  readonly rounds: number
  readonly drafts: number
  readonly proposed: number
  readonly evaluated: number
  readonly accepted: number
  readonly acceptedBy: Readonly<Record<string, number>>
  /** Rounds in which at least d draft tokens were kept, for d = 1, 2, … */
  readonly byDepth: readonly number[]
  readonly submits: number
  readonly reads: number
  /** Submissions that prefilled prompts: one a chunk. */
  readonly prefills: number
}

/** `maxRows`: rows of the engine's largest pass. */
export function addUp(results: readonly RunResult[], maxRows: number): Totals {
  const totals = { tokens: 0, rounds: 0, drafts: 0, proposed: 0, evaluated: 0, accepted: 0 }
  const calls = { submits: 0, reads: 0, prefills: 0 }
  const acceptedBy: Record<string, number> = {}
  const byDepth: number[] = []
  for (const { stats } of results) {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += stats[name]
    calls.submits += stats.submits
    calls.reads += stats.reads
    calls.prefills += Math.ceil(stats.prefilled / chunkRows(maxRows))
    for (const [name, count] of Object.entries(stats.acceptedBy)) acceptedBy[name] = (acceptedBy[name] ?? 0) + count
    stats.acceptedByDepth.forEach((count, depth) => {
      byDepth[depth] = (byDepth[depth] ?? 0) + count
    })
  }
  return { ...totals, ...calls, acceptedBy, byDepth }
}
