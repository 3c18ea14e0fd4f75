import { OutriderError, type Strategy, type StrategyHost } from '@outrider/core'

/** A strategy that never drafts: it keeps what the engine shows strategies, the target's graph above all. */
export class TargetProbe implements Strategy {
  readonly specVersion = 1
  readonly name = 'probe'
  #host: StrategyHost | null = null

  async load(host: StrategyHost): Promise<{ start(): { propose(): null } }> {
    this.#host = host
    return { start: () => ({ propose: () => null }) }
  }

  /** Throws before the engine has loaded it. */
  get host(): StrategyHost {
    if (!this.#host) throw new OutriderError('STRATEGY_FAILED', 'the probe was not loaded: create an engine with it')
    return this.#host
  }
}
