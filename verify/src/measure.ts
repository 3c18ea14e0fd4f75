import type { Engine } from '@outrider/core'

/** Rounds that record programs and fill the draft's cache: they are left out of what a steady round costs. */
const startTokens = 48

/** Speed and shape of one generation, after a warm-up with the same work; per round in steady state. */
export async function measureDecode(
  engine: Engine,
  prompt: readonly number[],
  strategy: string,
  maxTokens: number,
): Promise<Readonly<Record<string, number>>> {
  const run = async (count: number) => {
    const before = engine.backend.stats.dispatches
    const { stats } = await engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true })
    return { stats, dispatches: engine.backend.stats.dispatches - before }
  }
  await run(maxTokens)
  const short = await run(startTokens)
  const started = performance.now()
  const whole = await run(startTokens + maxTokens)
  const seconds = (performance.now() - started - whole.stats.prefillMs) / 1000
  const [a, b] = [short.stats, whole.stats]
  const perRound = (value: number) => round(value / (b.rounds - a.rounds))
  return {
    tokensPerSecond: round(b.tokens / seconds),
    meanAcceptanceLength: round(b.meanAcceptanceLength),
    dispatchesPerRound: perRound(whole.dispatches - short.dispatches),
    submitsPerRound: perRound(b.submits - a.submits),
    readsPerRound: perRound(b.reads - a.reads),
    deviceMsPerRound: perRound(b.deviceMs - a.deviceMs),
    hostMsPerRound: perRound(b.hostMs + b.draftMs - a.hostMs - a.draftMs),
  }
}

function round(value: number): number {
  return Number(value.toFixed(3))
}
