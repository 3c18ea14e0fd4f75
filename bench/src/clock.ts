import type { Backend, Program, Tensor } from '@outrider/core'
import { type Spread, spread } from '../../packages/core/src/measure/statistics'

/** How programs are timed. */
export interface ClockOptions {
  /** Milliseconds of the very program before its time counts: an idle GPU runs at a part of its clock. */
  readonly warmUpMs: number
  /** Submissions that are timed. */
  readonly samples: number
  /** Milliseconds that one submission should take, programs repeated in it. */
  readonly enoughMs: number
}

/** What one run of a program takes, ms, and whose clock says so. */
export interface Timed extends Spread {
  readonly clock: 'device' | 'host'
}

/** Runs of one program that a submission holds at most: as many as the backend has timestamps for. */
const mostRuns = 256
/** A program that takes longer is timed three times only. */
const slowMs = 200

/** Times programs by the device's clock where it has one, else by the host's, less what an empty submission takes. */
export class Clock {
  #emptyMs: number | null = null
  readonly #word: Tensor

  constructor(
    private readonly backend: Backend,
    private readonly options: ClockOptions,
  ) {
    this.#word = backend.tensor([1], 'u32', 'clock')
  }

  /** Quartiles of one run's time over several submissions. `before` runs ahead of each, outside of what is timed. */
  async time(program: Program, before: () => void = () => {}, most: number = mostRuns): Promise<Timed> {
    const { warmUpMs, samples, enoughMs } = this.options
    before()
    await this.#run(program, 1)
    let runs = 1
    let taken = 0
    const from = performance.now()
    do {
      before()
      const { total, wall } = await this.#run(program, runs)
      taken = total / runs
      const wanted = Math.round(enoughMs / Math.max(taken, 1e-3))
      runs = Math.max(1, Math.min(most, mostRuns, wanted, runs * 8))
      if (warmUpMs === 0 && wall >= enoughMs) break
    } while (performance.now() - from < warmUpMs)
    const found: number[] = []
    let clock: Timed['clock'] = 'device'
    const count = taken > slowMs ? Math.min(3, samples) : samples
    for (let i = 0; i < count; i++) {
      before()
      const result = await this.#run(program, runs)
      clock = result.clock
      found.push(...result.each)
    }
    return { ...(spread(found) as Spread), clock }
  }

  /** What one submission of the program and the read of `result` take on the host's clock, ms. */
  async wall(program: Program, result: Tensor, before: () => void = () => {}): Promise<Spread> {
    const { warmUpMs, samples } = this.options
    const once = async (): Promise<number> => {
      before()
      const from = performance.now()
      await this.backend.submit([program], [result])
      return performance.now() - from
    }
    const from = performance.now()
    do await once()
    while (performance.now() - from < warmUpMs)
    const found: number[] = []
    for (let i = 0; i < 3 * samples; i++) found.push(await once())
    return spread(found) as Spread
  }

  dispose(): void {
    this.#word.dispose()
  }

  async #run(program: Program, runs: number) {
    const programs = Array<Program>(runs).fill(program)
    const timings: number[] = []
    const from = performance.now()
    await this.backend.submit(programs, [this.#word], timings)
    const wall = performance.now() - from
    if (timings.length === runs) {
      const total = timings.reduce((sum, ms) => sum + ms, 0)
      // The first pass of a submission begins before its work does.
      const each = runs > 1 ? timings.slice(1) : timings
      return { total, wall, each, clock: 'device' as const }
    }
    const total = Math.max(0, wall - (await this.#empty()))
    return { total, wall, each: [total / runs], clock: 'host' as const }
  }

  /** A submission that only reads a word, ms. */
  async #empty(): Promise<number> {
    if (this.#emptyMs !== null) return this.#emptyMs
    const found: number[] = []
    for (let i = 0; i < 9; i++) {
      const from = performance.now()
      await this.backend.submit([], [this.#word])
      found.push(performance.now() - from)
    }
    this.#emptyMs = (spread(found) as Spread).median
    return this.#emptyMs
  }
}
