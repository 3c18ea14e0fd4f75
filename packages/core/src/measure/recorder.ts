import { OutriderError } from '../errors'
import type { Contender } from './contenders'
import type { StrategyFailure } from './report'
import type { RunResult } from './run'

/** What a contender did so far. */
export interface Runs {
  readonly name: string
  /** Results by prompt, one a repeat. */
  readonly byPrompt: Map<number, RunResult[]>
  /** Results of generations that were timed by the device's clock, by prompt. */
  readonly timed: Map<number, RunResult>
  failed: StrategyFailure | null
}

/** Keeps what runs give and which contenders have failed. */
export class Recorder {
  readonly #runs = new Map<Contender, Runs>()

  of(contender: Contender): Runs {
    const known = this.#runs.get(contender)
    if (known) return known
    const runs = { name: contender.name, byPrompt: new Map(), timed: new Map(), failed: null }
    this.#runs.set(contender, runs)
    return runs
  }

  /** Runs unless the contender has failed. What it throws is kept as its failure, and null given; throws what is fatal. */
  async attempt<Result>(contender: Contender, prompt: number, run: () => Promise<Result>): Promise<Result | null> {
    const runs = this.of(contender)
    if (runs.failed) return null
    try {
      return await run()
    } catch (error) {
      const code = OutriderError.is(error) ? error.code : null
      const { fatal } = contender
      if (fatal === 'all' || (code !== null && fatal.includes(code))) throw error
      runs.failed = { code, message: error instanceof Error ? error.message : String(error), prompt }
      return null
    }
  }

  keep(contender: Contender, prompt: number, result: RunResult): void {
    const { byPrompt } = this.of(contender)
    const results = byPrompt.get(prompt)
    if (results) results.push(result)
    else byPrompt.set(prompt, [result])
  }

  keepTimed(contender: Contender, prompt: number, result: RunResult): void {
    this.of(contender).timed.set(prompt, result)
  }
}
