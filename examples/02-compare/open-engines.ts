import { type Backend, createEngine, type Engine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import type { ArithmeticName, CommandOptions } from './options'
import { UsageError } from './usage-error'

/** What of the command's options says how engines are opened. */
export type EngineOptions = Pick<
  CommandOptions,
  'backend' | 'cache' | 'arithmetic' | 'baselines' | 'model' | 'capacity' | 'maxRows'
>

/**
 * Opens the engine that has the strategies and one without any for each baseline, hands them over in this order and disposes of
 * them and of their backends, whatever is thrown. Throws `UsageError` where two come to the same arithmetic, what opening throws
 * and what `use` throws.
 */
export function withEngines<Result>(
  options: EngineOptions,
  strategies: readonly Strategy[],
  use: (engine: Engine, baselines: readonly Engine[]) => Promise<Result>,
): Promise<Result> {
  return withEngine(options, { arithmetic: options.arithmetic, strategies, opened: [] }, (engine) =>
    withBaselines(options, [engine], ([, ...baselines]) => use(engine, baselines)),
  )
}

/** Opens the baselines that are left, one within the other. */
function withBaselines<Result>(
  options: EngineOptions,
  opened: readonly Engine[],
  use: (engines: readonly Engine[]) => Promise<Result>,
): Promise<Result> {
  const arithmetic = options.baselines[opened.length - 1]
  if (arithmetic === undefined) return use(opened)
  return withEngine(options, { arithmetic, strategies: [], opened }, (engine) =>
    withBaselines(options, [...opened, engine], use),
  )
}

async function withEngine<Result>(
  { model, capacity, maxRows, ...options }: EngineOptions,
  own: {
    readonly arithmetic: ArithmeticName
    readonly strategies: readonly Strategy[]
    readonly opened: readonly Engine[]
  },
  use: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const { arithmetic, strategies, opened } = own
  const backend = await openBackend({ ...options, arithmetic })
  try {
    const found = backend.info.arithmetic
    if (opened.some((engine) => engine.backend.info.arithmetic === found))
      throw new UsageError(
        `--baselines: ${arithmetic} comes to ${found} here, as the run or another baseline does: leave it out`,
      )
    const limits = { ...(capacity !== null && { capacity }), ...(maxRows !== null && { maxRows }) }
    // A run is the steady state of a server, not the first generation of a strategy.
    const keepSessions = strategies.length + 1
    const engine = await createEngine({ backend, model, strategies, keepSessions, ...limits })
    try {
      return await use(engine)
    } finally {
      await engine.dispose()
    }
  } finally {
    backend.dispose()
  }
}

async function openBackend({
  backend,
  cache,
  arithmetic,
}: Pick<EngineOptions, 'backend' | 'cache' | 'arithmetic'>): Promise<Backend> {
  if (backend === 'webgpu') return webgpu({ cacheType: cache, arithmetic })
  return referenceBackend(arithmetic === 'fastest' ? {} : { arithmetic })
}
