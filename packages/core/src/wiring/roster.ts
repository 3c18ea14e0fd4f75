import { callStrategy, checkVersion } from '../decode'
import { OutriderError } from '../errors'
import { building, type Disposable, Owned } from '../owned'
import type { ModelConfig, Strategy, StrategyHost, StrategyNeeds } from '../spec'
import type { EngineStrategy } from './tokens'

/** What strategies are loaded with. */
export interface Hosting {
  readonly model: ModelConfig
  /** What a strategy sees; what it loads by it is `owned`, so that a strategy that fails to load leaves nothing behind. */
  host(owned: Owned): StrategyHost
}

/** The strategies of an engine, each with what it took. */
export class Roster implements Disposable {
  /** Live. */
  readonly list: EngineStrategy[] = []
  readonly #owned = new Map<string, Owned>()
  /** Names that are being loaded. */
  readonly #coming = new Set<string>()
  #ended = false

  constructor(private readonly hosting: Hosting) {}

  /** Throws `STRATEGY_VERSION`, `STRATEGY_DUPLICATE`, `DISPOSED`, and what loading throws. */
  async add(strategy: Strategy): Promise<void> {
    const { name } = strategy
    checkStrategy(strategy, [...this.#owned.keys(), ...this.#coming])
    this.#coming.add(name)
    try {
      await building(async (owned) => {
        const { model, host } = this.hosting
        const loaded = await callStrategy(name, 'load', () => strategy.load(host(owned)))
        owned.add({ dispose: () => loaded.dispose?.() })
        if (this.#ended) throw new OutriderError('DISPOSED', `the engine was disposed of while ${name} was loading`)
        this.list.push({ name, loaded, keep: keptStates(name, [strategy.needs, loaded.needs], model) })
        this.#owned.set(name, owned)
      })
    } finally {
      this.#coming.delete(name)
    }
  }

  /** Frees what a strategy took. Throws `STRATEGY_UNKNOWN`. */
  remove(name: string): void {
    const owned = this.#owned.get(name)
    if (!owned)
      throw new OutriderError(
        'STRATEGY_UNKNOWN',
        `this engine has no strategy "${name}" to remove: it has ${[...this.#owned.keys()].join(', ') || 'none'}`,
        { details: { name, known: [...this.#owned.keys()] } },
      )
    this.#owned.delete(name)
    this.list.splice(
      this.list.findIndex((strategy) => strategy.name === name),
      1,
    )
    owned.dispose()
  }

  dispose(): void {
    this.#ended = true
    const all = new Owned()
    for (const owned of this.#owned.values()) all.add(owned)
    this.#owned.clear()
    all.dispose()
  }
}

/** Refuses a strategy that the engine cannot speak with, or whose name is taken. Throws `STRATEGY_VERSION`, `STRATEGY_DUPLICATE`. */
export function checkStrategy(strategy: Strategy, taken: readonly string[]): void {
  checkVersion('strategy', strategy)
  const { name } = strategy
  if (name === 'plain' || taken.includes(name))
    throw new OutriderError('STRATEGY_DUPLICATE', `two strategies are called "${name}": give one of them another name`)
}

/**
 * Hidden states that a strategy needs, each once: what it says itself and what its checkpoint turned out to need. Throws
 * `INVALID_OPTION`.
 */
export function keptStates(
  name: string,
  needs: readonly (StrategyNeeds | undefined)[],
  { layers }: ModelConfig,
): EngineStrategy['keep'] {
  const keep = new Set<'final' | number>()
  for (const each of needs) {
    if (each?.finalHidden) keep.add('final')
    for (const layer of each?.layerInputs ?? []) {
      if (!Number.isInteger(layer) || layer < 0 || layer > layers)
        throw new OutriderError(
          'INVALID_OPTION',
          `strategy ${name} wants the input of layer ${layer}, but the target has ${layers}`,
        )
      keep.add(layer)
    }
  }
  return [...keep]
}
