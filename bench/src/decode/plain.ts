import type { Engine } from '@outrider/core'
import { type RunResult, timedRun, tokensPerSecond } from '../../../packages/core/src/measure/run'
import { spread } from '../../../packages/core/src/measure/statistics'
import type { Line } from '../output'
import { randomTokens } from '../random'

/** Tokens of a prompt that compiles what longer ones need. */
const shortPrompt = 200
/** Prompts above this length are decoded once. */
const longPrompt = 4096

/** How plain decoding is measured. */
export interface PlainOptions {
  readonly tokens: number
  readonly repeats: number
  readonly warmUpMs: number
}

/** Plain decoding behind a prompt of `context` random tokens, through the engine as users have it, on the host's clock. */
export async function plainDecoding(engine: Engine, context: number, options: PlainOptions): Promise<Line> {
  const { tokens, repeats, warmUpMs } = options
  const run = (length: number, maxTokens: number, seed: number): Promise<RunResult> =>
    timedRun(engine, randomTokens(length, engine.model.vocab, seed), { maxTokens, ignoreEos: true })
  const from = performance.now()
  do await run(Math.min(context, shortPrompt), Math.min(32, tokens), 1)
  while (performance.now() - from < warmUpMs)
  const runs: RunResult[] = []
  for (let i = 0; i < (context > longPrompt ? 1 : repeats); i++) runs.push(await run(context, tokens, 2 + i))
  const speed = spread(runs.map((each) => tokensPerSecond(each) ?? 0))
  const roundMs = spread(runs.map(({ decodeMs, stats }) => decodeMs / Math.max(1, stats.rounds - 1)))?.median ?? 0
  const firstMs = spread(runs.map(({ firstTokenMs }) => firstTokenMs))?.median ?? 0
  const prefillMs = Math.max(firstMs - roundMs, 1e-3)
  return {
    what: 'plain',
    context,
    tokens,
    runs: runs.length,
    tokensPerSecond: speed?.median ?? null,
    lowTokensPerSecond: speed?.low ?? null,
    highTokensPerSecond: speed?.high ?? null,
    roundMs,
    firstTokenMs: firstMs,
    prefillTokensPerSecond: (1000 * (context - 1)) / prefillMs,
  }
}
