import type { DecodeStats, Engine } from '@outrider/core'
import type { Acceptance } from './acceptance'

/** What the engine here wrote after a prompt. */
export interface LocalRun {
  readonly text: string
  readonly ids: readonly number[]
  readonly firstMs: number
  readonly ms: number
  readonly stats: DecodeStats
}

/** Continues a prompt greedily and takes the time, as `Endpoint.complete`. Throws as `Engine.generate`. */
export async function localRun(
  engine: Engine,
  prompt: readonly number[],
  options: { readonly strategy: string; readonly maxTokens: number },
): Promise<LocalRun> {
  const start = performance.now()
  let text = ''
  let firstMs = 0
  for await (const part of engine.generate(prompt, { ...options, temperature: 0 })) {
    if (part.text && !text) firstMs = performance.now() - start
    text += part.text
    if (part.finish)
      return { text, ids: part.finish.ids, firstMs, ms: performance.now() - start, stats: part.finish.stats }
  }
  throw new Error('a generation ends with its last part')
}

/** Acceptance over several runs, as vLLM counts it: rounds without a draft are left out. A sentence where there was none. */
export function localAcceptance(runs: readonly LocalRun[]): Acceptance | string {
  const sum = (count: (stats: DecodeStats) => number): number => runs.reduce((all, { stats }) => all + count(stats), 0)
  const drafts = sum((stats) => stats.drafts)
  if (drafts === 0) return 'nothing was drafted'
  const depth = Math.max(...runs.map(({ stats }) => stats.acceptedByDepth.length))
  const [proposed, accepted] = [sum((stats) => stats.evaluated), sum((stats) => stats.accepted)]
  return {
    length: 1 + accepted / drafts,
    counts: { drafts, proposed, accepted },
    byPosition: Array.from({ length: depth }, (_, d) => sum((stats) => stats.acceptedByDepth[d] ?? 0) / drafts),
    source: 'counters of the engine here',
  }
}
