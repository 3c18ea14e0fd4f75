import type { Engine } from '@outrider/core'

/** Speed and shape of one generation, after a warm-up with the same work. */
export async function measureDecode(
  engine: Engine,
  prompt: readonly number[],
  strategy: string,
  maxTokens: number,
): Promise<Readonly<Record<string, number>>> {
  await engine.complete(prompt, { strategy, maxTokens, ignoreEos: true })
  const dispatches = engine.backend.stats.dispatches
  const started = performance.now()
  const { stats } = await engine.complete(prompt, { strategy, maxTokens, ignoreEos: true })
  const seconds = (performance.now() - started - stats.prefillMs) / 1000
  const round = (value: number) => Number(value.toFixed(3))
  return {
    tokensPerSecond: round(stats.tokens / seconds),
    meanAcceptanceLength: round(stats.meanAcceptanceLength),
    dispatchesPerRound: round((engine.backend.stats.dispatches - dispatches) / stats.rounds),
    submitsPerRound: round(stats.submits / stats.rounds),
    readsPerRound: round(stats.reads / stats.rounds),
    deviceMsPerRound: round(stats.deviceMs / stats.rounds),
    hostMsPerRound: round((stats.hostMs + stats.draftMs) / stats.rounds),
  }
}
