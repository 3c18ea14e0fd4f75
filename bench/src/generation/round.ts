import type { DecodeStats, Engine } from '@outrider/core'
import { timedRun } from '../../../packages/core/src/measure/run'
import { spread } from '../../../packages/core/src/measure/statistics'
import type { Line } from '../output'

/** Rounds that record programs and fill a drafter's caches: they are left out of what a steady round costs. */
const startTokens = 48

/** How rounds are measured. */
export interface RoundOptions {
  readonly tokens: number
  readonly repeats: number
  readonly warmUpMs: number
}

/** What a round of a strategy costs in steady state: a long generation less a short one of the same prompt. */
export async function roundCosts(
  engine: Engine,
  strategy: string,
  prompt: readonly number[],
  { tokens, repeats, warmUpMs }: RoundOptions,
): Promise<Line> {
  const run = async (maxTokens: number, timings = false) => {
    const before = engine.backend.stats.dispatches
    const { decodeMs, stats } = await timedRun(engine, prompt, { strategy, maxTokens, ignoreEos: true, timings })
    return { decodeMs, stats, dispatches: engine.backend.stats.dispatches - before }
  }
  const [short, long] = [Math.min(startTokens, tokens), Math.min(startTokens, tokens) + tokens]
  const from = performance.now()
  do await run(long)
  while (performance.now() - from < warmUpMs)
  const found: Record<string, number>[] = []
  for (let i = 0; i < repeats; i++) {
    const [a, b] = [await run(short), await run(long)]
    const rounds = Math.max(1, b.stats.rounds - a.stats.rounds)
    const each = (of: (run: typeof a) => number): number => (of(b) - of(a)) / rounds
    found.push({
      dispatches: each(({ dispatches }) => dispatches),
      submits: each(({ stats }) => stats.submits),
      reads: each(({ stats }) => stats.reads),
      roundMs: each(({ decodeMs }) => decodeMs),
      waitMs: each(({ stats }) => stats.deviceMs),
      hostMs: each(({ stats }) => stats.hostMs + stats.draftMs),
      tokensPerRound: each(({ stats }) => stats.tokens),
    })
  }
  const phases = devicePhases((await run(long, true)).stats)
  const middle = (name: string): number => spread(found.map((each) => each[name] as number))?.median as number
  const names = Object.keys(found[0] as object)
  const { draftMs, verifyMs } = phases
  // What is left of a round is the time in which the device has nothing to do.
  const gapMs = draftMs === null || verifyMs === null ? null : middle('roundMs') - draftMs - verifyMs
  return { strategy, ...Object.fromEntries(names.map((name) => [name, middle(name)])), ...phases, gapMs }
}

/** Milliseconds a round by the device's own clock; null where it has none. */
function devicePhases({ phases, rounds }: DecodeStats): {
  readonly draftMs: number | null
  readonly verifyMs: number | null
} {
  if (!phases || rounds === 0) return { draftMs: null, verifyMs: null }
  return { draftMs: phases.draftMs / rounds, verifyMs: phases.verifyMs / rounds }
}
