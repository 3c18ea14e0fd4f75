import { Container } from 'inversify'
import { checkVersion, type GenerateOptions, type Stepper } from '../decode'
import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { AcceptanceRule } from '../spec'
import { sessionModule } from './modules'
import { type EngineStrategy, tokens } from './tokens'

/** What a session is opened for. */
export type SessionRequest = Pick<GenerateOptions, 'strategy' | 'acceptance' | 'timings' | 'rounds'>

/** A session, by what it was made for. */
interface Opened {
  readonly stepper: Stepper
  readonly name: string
  readonly rule: AcceptanceRule
  readonly timed: boolean
}

/** The sessions of an engine: those in use, and idle ones of generations that ended, which others take over. */
export class Sessions {
  readonly #used = new Map<Stepper, Opened>()
  /** The latest last. */
  readonly #idle: Opened[] = []

  constructor(
    private readonly container: Container,
    /** Sessions in all before idle ones are freed. */
    private readonly keep: number,
  ) {}

  /** Throws `STRATEGY_UNKNOWN`, `STRATEGY_VERSION`, `STRATEGY_FAILED`, `OUT_OF_MEMORY`. */
  open({ strategy: name = 'plain', acceptance, timings, rounds }: SessionRequest): Stepper {
    const rule = acceptance ?? this.container.get(tokens.defaultRule)
    const timed = timings ?? rounds ?? false
    const at = this.#idle.findIndex((each) => each.name === name && each.rule === rule && each.timed === timed)
    const [known] = at < 0 ? [] : this.#idle.splice(at, 1)
    const opened = known ?? this.#make(name, rule, timed)
    const { stepper } = opened
    this.#used.set(stepper, opened)
    try {
      if (known) stepper.restart()
      return stepper
    } catch (error) {
      this.close(stepper)
      throw error
    }
  }

  close(stepper: Stepper): void {
    this.#used.delete(stepper)
    stepper.dispose()
  }

  /** Keeps the session of a generation that ended, or frees it where that is one too many. */
  release(stepper: Stepper): void {
    const opened = this.#used.get(stepper)
    try {
      if (!opened || this.#used.size > this.keep || !stepper.rest()) {
        this.close(stepper)
        return
      }
    } catch (error) {
      this.close(stepper)
      throw error
    }
    this.#used.delete(stepper)
    this.#idle.push(opened)
    this.#leave(this.keep - this.#used.size)
  }

  /** Whether one in use is decoded by a strategy. */
  uses(name: string): boolean {
    return [...this.#used.values()].some((each) => each.name === name)
  }

  /** Frees the idle ones; says whether there were any. */
  free(): boolean {
    const any = this.#idle.length > 0
    this.#leave(0)
    return any
  }

  dispose(): void {
    const owned = new Owned()
    for (const { stepper } of [...this.#idle.splice(0), ...this.#used.values()]) owned.add(stepper)
    this.#used.clear()
    owned.dispose()
  }

  #make(name: string, rule: AcceptanceRule, timed: boolean): Opened {
    const strategy = this.#strategy(name)
    checkVersion('acceptance rule', rule)
    this.#leave(this.keep - this.#used.size - 1)
    const session = new Container({ parent: this.container, jitless: true })
    session.load(sessionModule(strategy, rule, timed))
    return { stepper: session.get(tokens.stepper), name, rule, timed }
  }

  /** Frees idle sessions, the oldest first, until `most` are left. */
  #leave(most: number): void {
    while (this.#idle.length > Math.max(0, most)) this.#idle.shift()?.stepper.dispose()
  }

  #strategy(name: string): EngineStrategy | null {
    if (name === 'plain') return null
    const all = this.container.get(tokens.strategies)
    const found = all.find((strategy) => strategy.name === name)
    if (found) return found
    const known = ['plain', ...all.map((strategy) => strategy.name)]
    throw new OutriderError(
      'STRATEGY_UNKNOWN',
      `this engine has no strategy "${name}": choose of ${known.join(', ')}`,
      { details: { name, known } },
    )
  }
}
