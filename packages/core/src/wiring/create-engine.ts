import 'reflect-metadata/lite'
import { Container, type ContainerModule, type ServiceIdentifier } from 'inversify'
import { throwIfAborted } from '../abort'
import { Turns } from '../decode'
import { OutriderError } from '../errors'
import { type OpenOptions, openCheckpoint, openTensors } from '../load'
import { loadDecoder } from '../model'
import { building, Owned } from '../owned'
import type {
  Backend,
  Checkpoint,
  DecoderModel,
  LoadProgress,
  ModelLocation,
  Strategy,
  StrategyHost,
  Tokenizer,
} from '../spec'
import { MAX_TREE_ROWS } from '../spec'
import { InvarianceProbe, VerifyCost } from '../verify'
import { Engine } from './engine'
import { engineModule } from './modules'
import { checkStrategy, keptStates, Roster } from './roster'
import { Sessions } from './sessions'
import { type EngineLimits, tokens } from './tokens'

/** What an engine is made of. */
export interface EngineOptions {
  /** Where to compute: `webgpu()` of `@outrider/kernels`, or `referenceBackend()`. It stays yours: dispose of it after the engine. */
  readonly backend: Backend | Promise<Backend>
  /** The target: a local folder or file, a URL, or a Hub id. */
  readonly model: ModelLocation
  readonly strategies?: readonly Strategy[]
  /** Tokens that a session can hold, prompt and text together. Default: the model's positions, 4,096 at most. */
  readonly capacity?: number
  /**
   * Rows of the largest pass, 1 to 256: a pending token and up to maxRows - 1 draft nodes. Memory for activations and logits grows
   * with it: f32 [maxRows, vocabulary] alone is 131 MB for 256 rows of 128k tokens. Default 64.
   */
  readonly maxRows?: number
  /**
   * Sessions that may be held at a time, those in use counted, before those of generations that ended are freed: the next generation
   * with the same strategy, rule and timings takes over the KV cache and what was recorded, and its first rounds come sooner. Default
   * 1: no more memory than one generation takes; 0 keeps none.
   */
  readonly keepSessions?: number
  readonly onProgress?: (progress: LoadProgress) => void
  /** Calls the loading off; strategies that are added later do not heed it. */
  readonly signal?: AbortSignal
  /** How remote models are fetched and cached. */
  readonly load?: Omit<OpenOptions, 'onProgress' | 'signal'>
  /** Compares the bits of passes of every size at load, for `engine.exact`. Default true. */
  readonly selfCheck?: boolean
  /** Measures at load what verifying costs (`engine.cost`), in less than a second, in place of when it is first needed. Default false. */
  readonly measureCost?: boolean
  /** For experts: bindings that replace the engine's own, with `rebind` (see `tokens`). */
  readonly modules?: readonly ContainerModule[]
}

/**
 * Loads a model and its strategies onto a backend. What was taken is freed if it throws: `FILE_NOT_FOUND`, `FILE_TRUNCATED`,
 * `FILE_MALFORMED`, `DOWNLOAD_FAILED`, `TENSOR_MISSING`, `TENSOR_SHAPE`, `UNSUPPORTED_ARCHITECTURE`, `UNSUPPORTED_CONFIG`,
 * `UNSUPPORTED_FORMAT`, `TOKENIZER_MISMATCH`, `STRATEGY_VERSION`, `STRATEGY_DUPLICATE`, `VOCABULARY_MISMATCH`, `INVALID_OPTION`,
 * `STRATEGY_FAILED`, `WIRING_FAILED`, `ADAPTER_MISSING`, `DEVICE_LACKS`, `OUT_OF_MEMORY`, `DEVICE_LOST`, `ABORTED`.
 *
 * @example
 * ```ts
 * import { createEngine } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 * import { draftModel, lookup } from '@outrider/strategy-draft'
 *
 * const engine = await createEngine({
 *   backend: webgpu(),
 *   model: './models/stories-5m',
 *   strategies: [lookup(), draftModel({ model: './models/stories-5m/draft' })],
 * })
 * const { text } = await engine.complete('Once upon a time', { strategy: 'draft-model', maxTokens: 100 })
 * ```
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const backend = await options.backend
  const { strategies = [], keepSessions = 1 } = options
  checkStrategies(strategies)
  if (!Number.isInteger(keepSessions) || keepSessions < 0)
    throw new OutriderError('INVALID_OPTION', `keepSessions must be a whole number, not ${keepSessions}`)
  return building(async (owned) => {
    const checkpoint = await open(options.model, options)
    try {
      const limits = engineLimits(options, strategies, checkpoint)
      const tokenizer = await checkpoint.tokenizer()
      const model = owned.add(await decoder(backend, checkpoint, limits, options))
      // Its passes compile while strategies are loaded.
      const probing = owned.add(new Owned())
      const probe = options.selfCheck === false ? null : new InvarianceProbe(backend, model, limits.maxRows, probing)
      const [turns, cost] = [new Turns(), new VerifyCost(backend, model, limits.maxRows)]
      const verifyCost: StrategyHost['verifyCost'] = (budget) => turns.take(() => cost.ask(budget))
      const hosting: EngineHosting = { backend, model, tokenizer, limits, options, verifyCost }
      const roster = owned.add(new Roster({ model: model.config, host: (taken) => hostOf(hosting, taken) }))
      for (const strategy of strategies) {
        throwIfAborted(options.signal)
        await roster.add(strategy)
      }
      throwIfAborted(options.signal)
      const exact = (await probe?.run()) ?? true
      probing.dispose()
      throwIfAborted(options.signal)
      if (options.measureCost) await cost.ask()
      throwIfAborted(options.signal)
      const container = wire(
        engineModule({ backend, model, tokenizer, limits, turns, strategies: roster.list }),
        options.modules ?? [],
      )
      // Strategies that join later are not called off with the loading.
      const { signal, ...later } = options
      hosting.options = later
      const sessions = new Sessions(container, keepSessions)
      return new Engine(container, { release: () => owned.dispose(), exact, cost, roster, sessions })
    } finally {
      await checkpoint.close()
    }
  })
}

/** What an engine resolves. */
const engineTokens: readonly ServiceIdentifier<unknown>[] = [
  tokens.backend,
  tokens.model,
  tokens.tokenizer,
  tokens.limits,
  tokens.turns,
  tokens.strategies,
  tokens.defaultRule,
]

/** The engine's bindings, then those of the user's modules, which may replace them. */
function wire(own: ContainerModule, others: readonly ContainerModule[]): Container {
  const container = new Container({ jitless: true })
  try {
    container.load(own, ...others)
    for (const token of engineTokens) container.get(token)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new OutriderError(
      'WIRING_FAILED',
      `the modules given to createEngine do not fit the engine's bindings (rebind replaces one): ${what}`,
      { cause: error },
    )
  }
  return container
}

function open(location: ModelLocation, options: EngineOptions): Promise<Checkpoint> {
  return openCheckpoint(location, openOptions(options))
}

function openOptions({ load, onProgress, signal }: EngineOptions): OpenOptions {
  return { ...load, ...(onProgress && { onProgress }), ...(signal && { signal }) }
}

function decoder(
  backend: Backend,
  checkpoint: Checkpoint,
  limits: EngineLimits,
  options: EngineOptions,
): Promise<DecoderModel> {
  const slots = limits.capacity + limits.maxRows
  const { onProgress, signal } = options
  return loadDecoder(backend, checkpoint, { slots, maxRows: limits.maxRows, onProgress, signal })
}

function checkStrategies(strategies: readonly Strategy[]): void {
  for (const [place, strategy] of strategies.entries())
    checkStrategy(
      strategy,
      strategies.slice(0, place).map(({ name }) => name),
    )
}

function engineLimits(options: EngineOptions, strategies: readonly Strategy[], { model }: Checkpoint): EngineLimits {
  const { capacity = Math.min(model.maxPositions, 4096), maxRows = 64 } = options
  if (!Number.isInteger(capacity) || capacity < 2 || capacity > model.maxPositions)
    throw new OutriderError(
      'INVALID_OPTION',
      `capacity must be 2 to ${model.maxPositions}, the positions that this model was trained for, not ${capacity}`,
    )
  if (!Number.isInteger(maxRows) || maxRows < 1 || maxRows > MAX_TREE_ROWS)
    throw new OutriderError(
      'INVALID_OPTION',
      `maxRows must be 1 to ${MAX_TREE_ROWS}, a pending token and its tree, not ${maxRows}`,
    )
  // What a strategy says itself is refused before weights are read.
  for (const { name, needs } of strategies) keptStates(name, [needs], model)
  return { capacity, maxRows }
}

/** What an engine's strategies share. */
interface EngineHosting {
  readonly backend: Backend
  readonly model: DecoderModel
  readonly tokenizer: Tokenizer | null
  readonly limits: EngineLimits
  options: EngineOptions
  readonly verifyCost: StrategyHost['verifyCost']
}

/** What a strategy sees; models that it loads are `owned`, too. */
function hostOf(hosting: EngineHosting, owned: Owned): StrategyHost {
  const { backend, model, tokenizer, limits, options, verifyCost } = hosting
  return {
    backend,
    target: model,
    tokenizer,
    capacity: limits.capacity,
    maxRows: limits.maxRows,
    loadModel: async (location) => {
      const checkpoint = await open(location, options)
      try {
        const own = await checkpoint.tokenizer()
        return { model: owned.add(await decoder(backend, checkpoint, limits, options)), tokenizer: own }
      } finally {
        await checkpoint.close()
      }
    },
    verifyCost,
    openTensors: (location) => openTensors(location, openOptions(options)),
    ...(options.onProgress && { onProgress: options.onProgress }),
  }
}
