import { OutriderError } from '../errors'
import { anyPath } from './any-path'
import { failureOf, MOST, prompts } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'
import { leak } from './watched-backend'

/** What a strategy takes it gives back, however a generation ends. */
export function memoryChecks(subject: StrategySubject): readonly Check[] {
  return [
    { name: 'abort and disposal leave nothing on the device', faults: () => leakFaults(subject) },
    { name: 'a session that cannot start leaves nothing on the device', faults: () => startFaults(subject) },
    {
      name: 'a device lost in the middle of a round ends the generation with its own error',
      faults: () => lossFaults(subject),
    },
  ]
}

const prompt = prompts[1] as readonly number[]

async function leakFaults(subject: StrategySubject): Promise<readonly string[]> {
  const faults: string[] = []
  await onStrategyBench(subject, async (bench) => {
    const { engine, strategy, watched, before } = bench
    const loaded = watched.held
    const after = (what: string) => {
      const left = leak(watched.held, loaded)
      if (left !== null)
        faults.push(`memory: ${left} are left after ${what}: a proposer's dispose frees what start took`)
    }
    await engine.complete(prompt, { strategy, acceptance: anyPath().rule, maxTokens: 12, ignoreEos: true })
    after('a generation')
    for (const rounds of [1, 2, 4]) {
      await brokenOff(bench, rounds)
      after(`a generation that was aborted after ${rounds} rounds`)
    }
    await endedWithin(bench)
    after('a session that was ended in the middle of a round')
    const open = engine.openStepper({ strategy })
    await open.extend(prompt)
    await engine.dispose()
    const left = leak(watched.held, before)
    if (left !== null)
      faults.push(
        `memory: ${left} are left after the engine was disposed of: dispose of what load returned frees what load took`,
      )
  })
  return faults
}

async function brokenOff({ engine, strategy }: StrategyBench, rounds: number): Promise<void> {
  const stop = new AbortController()
  let round = 0
  try {
    for await (const _ of engine.generate(prompt, { strategy, signal: stop.signal, ignoreEos: true }))
      if (++round === rounds) stop.abort()
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
}

/** Ends a session while its round is running. */
async function endedWithin({ engine, strategy }: StrategyBench): Promise<void> {
  const stepper = engine.openStepper({ strategy, acceptance: anyPath().rule })
  await stepper.extend(prompt)
  await stepper.round(MOST)
  const running = stepper.round(MOST)

  await Promise.resolve()
  engine.closeStepper(stepper)
  await running.catch((error: unknown) => {
    if (!OutriderError.is(error, 'DISPOSED')) throw error
  })
}

/** Lets each allocation and each program of a session's start fail. */
async function startFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ engine, strategy, watched }) => {
    const faults: string[] = []
    const loaded = watched.held
    const start = () => engine.closeStepper(engine.openStepper({ strategy }))
    watched.restart(null)
    start()
    const calls = { ...watched.calls }
    for (const call of ['tensor', 'program'] as const)
      for (let at = 1; at <= calls[call]; at++) {
        watched.restart({ call, at, lasting: false })
        await failureOf(async () => start())
        const left = leak(watched.held, loaded)
        if (left !== null)
          faults.push(
            `memory: ${left} are left after a start whose ${call} ${at} of ${calls[call]} failed: free what was taken where start throws, as Owned does`,
          )
      }
    return faults
  })
}

async function lossFaults(subject: StrategySubject): Promise<readonly string[]> {
  const faults: string[] = []
  await onStrategyBench(subject, async (bench) => {
    const { engine, strategy, watched } = bench
    const loaded = watched.held
    const run = () => engine.complete(prompt, { strategy, maxTokens: 8, ignoreEos: true })
    watched.restart(null)
    const clean = (await run()).ids.join()
    const { submit } = watched.calls
    for (let at = 1; at <= submit; at++) {
      watched.restart({ call: 'submit', at, lasting: true })
      const outcome = await run().catch((error: unknown) => error)
      // A strategy that learns between sessions may have needed fewer rounds now.
      const lost = outcome === watched.loss || (outcome as Error).cause === watched.loss
      if (!lost && watched.calls.submit >= at)
        faults.push(
          `loss: submission ${at} of ${submit} failed with DEVICE_LOST, but the generation ended with ${outcome}: let errors of the backend pass as they are`,
        )
      const left = leak(watched.held, loaded)
      if (left !== null) faults.push(`memory: ${left} are left after the device was lost in submission ${at}`)
    }
    watched.restart(null)
    if (subject.draftsDependOn !== 'engine' && (await run()).ids.join() !== clean)
      faults.push('loss: after a lost device the next session gave other tokens: keep nothing of a session that failed')
  })
  return faults
}
