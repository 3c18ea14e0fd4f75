import {
  type Backend,
  collect,
  createEngine,
  type Engine,
  type GenerationCheckpoint,
  OutriderError,
} from '@outrider/core'
import type { CheckResult } from './checks'
import { everyStrategy } from './strategies'

/** How a soak runs. */
export interface SoakOptions {
  readonly model: string
  readonly sessions: number
  /** Sessions that run at once. */
  readonly lanes: number
  readonly maxTokens: number
  /** As `createEngine` takes it. With 0 the engine has to hold nothing more in the end than in the beginning. */
  readonly keepSessions: number
}

const prompts = ['Once upon a time', 'The little dog', 'Lily and Ben went to the park. They saw a big']

/**
 * Opens sessions with random strategies and sampling, several at once, and ends each at a random moment: by the signal, by leaving
 * the loop, by disposing of its decoding loop, or at its end. Those that were aborted are resumed and held to what plain decoding
 * gives. Afterwards the device holds what it held before, and no rejection went unhandled.
 */
export async function soak(backend: Backend, options: SoakOptions): Promise<CheckResult> {
  const { model, sessions, lanes, maxTokens, keepSessions } = options
  const faults: string[] = []
  const unhandled = (reason: unknown) => void faults.push(`unhandled rejection: ${reason}`)
  process.on('unhandledRejection', unhandled)
  const before = backend.stats.liveBytes
  const engine = await createEngine({
    backend,
    model,
    capacity: 64,
    maxRows: 16,
    strategies: everyStrategy(model, 6),
    keepSessions,
  })
  const loaded = backend.stats.liveBytes
  const ends = new Map<string, number>()
  const plain = new Map<string, Promise<readonly number[]>>()
  let next = 0
  const lane = async () => {
    for (let session = next++; session < sessions; session = next++) {
      const end = await one(engine, session, maxTokens, plain, faults).catch((error: Error) => {
        faults.push(`session ${session}: ${error.stack}`)
        return 'failed'
      })
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
    const left = backend.stats.liveBytes - loaded
    if (left !== 0 && keepSessions === 0) faults.push(`${left} bytes are left of ${sessions} sessions`)
  } finally {
    await engine.dispose()
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', unhandled)
  }
  const left = backend.stats.liveBytes - before
  if (left !== 0) faults.push(`${left} bytes are left of the engine`)
  return { faults, note: [...ends].map(([end, count]) => `${count} ${end}`).join(', ') }
}

/** One session; gives how it ended. */
async function one(
  engine: Engine,
  session: number,
  maxTokens: number,
  plain: Map<string, Promise<readonly number[]>>,
  faults: string[],
): Promise<string> {
  const random = numbers(session)
  const prompt = prompts[random(prompts.length)] as string
  const strategy = engine.strategies[random(engine.strategies.length)] as string
  const sampling = random(2) === 0 ? {} : { temperature: 0.8, seed: random(3), repetitionPenalty: 1.1 }
  const options = { ...sampling, maxTokens, ignoreEos: true }
  const key = JSON.stringify([prompt, sampling])
  const known = plain.get(key) ?? engine.complete(prompt, options).then(({ ids }) => ids)
  plain.set(key, known)
  const expected = (await known).join()
  const held = (what: string, ids: readonly number[]) => {
    if (ids.join() !== expected) faults.push(`session ${session}, ${strategy}, ${what}: ${ids} instead of ${expected}`)
  }
  const way = (['end', 'signal', 'leave', 'dispose'] as const)[random(4)]
  const at = random(4)
  const stop = new AbortController()
  if (way === 'signal' && at === 0) setTimeout(() => stop.abort(), random(20))
  if (way === 'dispose') {
    const stepper = engine.openStepper({ strategy })
    const work = stepper.extend([3, 4, 5, 6, 7]).then(() => stepper.round(4))
    setTimeout(() => engine.closeStepper(stepper), random(20))
    const failed = await work.then(
      () => null,
      (error: unknown) => error,
    )
    if (failed && !OutriderError.is(failed, 'DISPOSED')) faults.push(`session ${session}, ${strategy}: ${failed}`)
    engine.closeStepper(stepper)
    return 'disposed of'
  }
  let parts = 0
  try {
    for await (const part of engine.generate(prompt, { ...options, strategy, signal: stop.signal })) {
      if (part.finish) held('whole', part.finish.ids)
      if (way === 'leave' && parts === at) return 'left'
      if (way === 'signal' && parts === at) stop.abort()
      parts++
    }
    return 'ended'
  } catch (error) {
    if (!OutriderError.is(error, 'ABORTED')) throw error
    const saved = JSON.stringify(error.details.checkpoint)
    const { ids, resumed } = await collect(engine.resume(JSON.parse(saved) as GenerationCheckpoint))
    held('resumed', ids)
    if (engine.exact && !resumed?.exact) faults.push(`session ${session} was resumed, but is not called exact`)
    return 'aborted and resumed'
  }
}

/** Whole numbers from 0 to `below` - 1 (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
