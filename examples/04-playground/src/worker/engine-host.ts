import { type Backend, createEngine, type Engine, type LoadProgress } from '@outrider/core'
import { buildStrategy, labelOf, type StrategyChoice } from '../choice'
import type { DeviceWork, Opened, OpenRequest } from '../protocol'
import { type OpenBackend, openBackend } from './open-backend'
import { type Place, placeOf } from './place'

/** How loading is watched and called off. */
export interface Watching {
  readonly signal: AbortSignal
  readonly onProgress: (progress: LoadProgress) => void
}

/** The device and the engine that are open, and the strategies that were loaded so far. */
export class EngineHost {
  #open: { readonly engine: Engine; readonly device: OpenBackend; readonly place: Place } | null = null
  #request: OpenRequest | null = null

  /** The engine. Throws where nothing is open. */
  get engine(): Engine {
    return this.#opened.engine
  }

  get backend(): Backend {
    return this.#opened.device.backend
  }

  get work(): DeviceWork {
    const { liveBytes, submits, reads } = this.#open?.device.backend.stats ?? { liveBytes: 0, submits: 0, reads: 0 }
    return { liveBytes, submits, reads }
  }

  /** Gives back what is open, then opens a device and loads a model on it. Throws what loading throws. */
  async open(request: OpenRequest, { signal, onProgress }: Watching): Promise<Opened> {
    await this.close()
    this.#request = request
    const place = placeOf(request)
    const device = await openBackend()
    try {
      const { backend } = device
      const { location: model, load } = place
      const engine = await createEngine({ backend, model, load, signal, onProgress })
      this.#open = { engine, device, place }
      return this.#facts(engine, device, place)
    } catch (error) {
      device.backend.dispose()
      throw error
    }
  }

  /** Opens again what was open, on a new device: the old one is lost. */
  reopen(watching: Watching): Promise<Opened> {
    if (!this.#request) throw new Error('Nothing was open.')
    return this.open(this.#request, watching)
  }

  /** Loads the strategies that are not there yet, and gives their names; those that are not among them make room. */
  async strategies(choices: readonly StrategyChoice[]): Promise<readonly string[]> {
    const { engine, place } = this.#opened
    const wanted = new Map(choices.filter(({ strategy }) => strategy !== 'plain').map((each) => [labelOf(each), each]))
    for (const name of engine.strategies.slice(1)) if (!wanted.has(name)) await engine.removeStrategy(name)
    for (const [name, choice] of wanted)
      if (!engine.strategies.includes(name)) await engine.addStrategy(buildStrategy(choice, place.locate))
    return ['plain', ...wanted.keys()]
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = null
    await open?.engine.dispose()
    open?.device.backend.dispose()
  }

  get #opened(): { readonly engine: Engine; readonly device: OpenBackend; readonly place: Place } {
    if (this.#open) return this.#open
    throw new Error('No model is loaded.')
  }

  #facts(engine: Engine, { backend, whyNot }: OpenBackend, { name, heads }: Place): Opened {
    const { info } = backend
    const { layers, hidden, vocab } = engine.model
    return {
      backend: info.name,
      device: info.device,
      arithmetic: info.arithmetic,
      cacheType: info.cacheType,
      features: info.features,
      software: info.software,
      whyNot,
      exact: engine.exact,
      model: { name, layers, hidden, vocab },
      capacity: engine.limits.capacity,
      maxRows: engine.limits.maxRows,
      chat: engine.tokenizer?.hasChatTemplate ?? false,
      heads,
    }
  }
}
