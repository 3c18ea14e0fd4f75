import { OutriderError } from '../errors'
import type { StrategyFailure } from './report'
import type { RunResult } from './run'

/** What a strategy did so far. */
export interface StrategyRuns {
  readonly strategy: string
  /** Results by prompt, one a repeat. */
  readonly byPrompt: Map<number, RunResult[]>
  /** Results of generations that were timed by the device's clock, by prompt. */
  readonly timed: Map<number, RunResult>
  failed: StrategyFailure | null
}

/** Errors after which there is nothing left to compare. */
const final: readonly string[] = ['ABORTED', 'DEVICE_LOST', 'DISPOSED']

/** Keeps what runs give and which strategies have failed. */
export class Recorder {
  readonly all: readonly StrategyRuns[]

  constructor(strategies: readonly string[]) {
    this.all = strategies.map((strategy) => ({ strategy, byPrompt: new Map(), timed: new Map(), failed: null }))
  }

  /**
   * Runs unless the strategy has failed. What it throws is kept as its failure, and null given; throws it where nothing can follow:
   * the baseline failed, the signal or the device ended it.
   */
  async attempt(place: number, prompt: number, run: () => Promise<RunResult>): Promise<RunResult | null> {
    const runs = this.all[place] as StrategyRuns
    if (runs.failed) return null
    try {
      return await run()
    } catch (error) {
      const code = OutriderError.is(error) ? error.code : null
      if (place === 0 || (code !== null && final.includes(code))) throw error
      runs.failed = { code, message: error instanceof Error ? error.message : String(error), prompt }
      return null
    }
  }

  keep(place: number, prompt: number, result: RunResult): void {
    const { byPrompt } = this.all[place] as StrategyRuns
    const results = byPrompt.get(prompt)
    if (results) results.push(result)
    else byPrompt.set(prompt, [result])
  }

  keepTimed(place: number, prompt: number, result: RunResult): void {
    this.all[place]?.timed.set(prompt, result)
  }
}
