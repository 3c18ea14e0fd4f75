import { createEngine, type Engine, OutriderError, type Strategy } from '@outrider/core'
import { expect } from 'vitest'
import { FaultyBackend, type FaultyCall } from './faulty-backend'

const prompt = [5, 9, 11, 5, 9, 11, 5]

/** What is tried: load, self-check, a generation with every strategy in passes of at most eight rows. */
async function run(
  faulty: FaultyBackend,
  model: string,
  strategies: readonly Strategy[],
): Promise<readonly number[][]> {
  const { backend } = faulty
  const engine = await createEngine({ backend, model, strategies, capacity: 60, maxRows: 8 })
  try {
    const all: number[][] = []
    for (const strategy of engine.strategies) all.push([...(await generate(engine, strategy))])
    return all
  } finally {
    await engine.dispose()
  }
}

async function generate(engine: Engine, strategy: string): Promise<readonly number[]> {
  return (await engine.complete(prompt, { strategy, maxTokens: 10, ignoreEos: true })).ids
}

/** The backend's own error: a generation under way adds its checkpoint. */
function faultOf(outcome: unknown): unknown {
  return OutriderError.is(outcome, 'DEVICE_LOST') && outcome.details.checkpoint ? outcome.cause : outcome
}

/**
 * Lets the n-th `call` of a whole run fail, for every n (`stride` apart): the caller gets that very error, and neither memory nor
 * programs are left. Gives the number of runs.
 */
export async function drill(
  call: FaultyCall,
  model: string,
  strategies: readonly Strategy[],
  stride = 1,
): Promise<number> {
  const clean = new FaultyBackend()
  const ids = await run(clean, model, strategies)
  for (const each of ids) expect(each).toEqual(ids[0])
  expect(clean.backend.stats.liveBytes).toBe(0)
  expect(clean.livePrograms).toBe(0)
  let runs = 0
  for (let at = 1; at <= clean.counts[call]; at += stride, runs++) {
    const faulty = new FaultyBackend()
    faulty.restart({ call, at })
    const outcome = await run(faulty, model, strategies).then(
      () => 'no error',
      (error) => error,
    )
    expect(faultOf(outcome)).toBe(faulty.error)
    expect({ at, bytes: faulty.backend.stats.liveBytes, programs: faulty.livePrograms }).toEqual({
      at,
      bytes: 0,
      programs: 0,
    })
  }
  return runs
}

/** Lets single calls of a generation fail: the engine goes on and gives the same ids afterwards, with nothing left over. */
export async function recoveryDrill(call: FaultyCall, model: string, strategies: readonly Strategy[]): Promise<void> {
  const faulty = new FaultyBackend()
  const { backend } = faulty
  const engine = await createEngine({
    backend,
    model,
    strategies,
    capacity: 60,
    maxRows: 8,
    selfCheck: false,
    keepSessions: 0,
  })
  const { liveBytes } = backend.stats
  const programs = faulty.livePrograms
  for (const strategy of engine.strategies) {
    faulty.restart(null)
    const ids = await generate(engine, strategy)
    const calls = faulty.counts[call]
    expect(calls).toBeGreaterThan(0)
    for (let at = 1; at <= calls; at++) {
      faulty.restart({ call, at })
      expect(faultOf(await generate(engine, strategy).catch((error) => error))).toBe(faulty.error)
      expect(backend.stats.liveBytes).toBe(liveBytes)
      expect(faulty.livePrograms).toBe(programs)
    }
    faulty.restart(null)
    expect(await generate(engine, strategy)).toEqual(ids)
  }
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
}
