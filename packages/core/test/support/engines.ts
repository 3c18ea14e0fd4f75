import { type Backend, createEngine, type Engine, type EngineOptions, OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll } from 'vitest'
import { type TinyOptions, writeTinyModel } from './tiny-model'

const made: { engine: Engine; backend: Backend }[] = []

/** Engines are disposed of after the file's tests, and may leave nothing behind. */
afterAll(async () => {
  for (const { engine, backend } of made.splice(0)) {
    await engine.dispose()
    if (backend.stats.liveBytes !== 0) throw new Error(`${backend.stats.liveBytes} bytes are left on the device`)
  }
})

/** An engine on a reference backend of its own. */
export async function engineOn(model: string, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const backend = await (options.backend ?? referenceBackend())
  const engine = await createEngine({ capacity: 200, selfCheck: false, ...options, backend, model })
  made.push({ engine, backend })
  return engine
}

/** An engine with a tiny model of its own. */
export async function tinyEngine(tiny: TinyOptions = {}, options: Partial<EngineOptions> = {}): Promise<Engine> {
  return engineOn(await writeTinyModel(tiny), options)
}

/** The error that `work` ends with; fails where there is none, or another class. */
export async function failure(work: () => unknown): Promise<OutriderError> {
  try {
    await work()
  } catch (error) {
    if (OutriderError.is(error)) return error
    throw error
  }
  throw new Error('expected a failure, but it succeeded')
}
