import type { Backend } from '@outrider/core'
import type { Clock, Timed } from '../clock'
import { emptyDispatchMs, type ReadBandwidth, readBandwidth } from './bandwidth'
import type { BenchCase, BenchGroup, BenchPlace } from './bench-case'

/** Calls of a program at least: one that is short says more of its beginning. */
const leastCalls = 48

/** How cases are measured. */
export interface OpPlace extends Omit<BenchPlace, 'backend'> {
  /** Whether programs are as short as can be: to see that they run. */
  readonly short: boolean
}

/** A case as it was measured; times of one call, ms. */
export interface OpTime {
  readonly arithmetic: string
  readonly bench: BenchCase
  readonly dispatches: number
  readonly whole: Timed
  /** Without what its dispatches cost by themselves; null where nothing is left. */
  readonly ms: number | null
}

/** Measures ops on one backend. */
export class OpTimer {
  #emptyMs = 0

  constructor(
    readonly backend: Backend,
    private readonly clock: Clock,
    private readonly place: OpPlace,
  ) {}

  /** Measures an empty dispatch, which all times that follow are told without. */
  async begin(): Promise<number> {
    this.#emptyMs = await emptyDispatchMs(this.backend, this.clock)
    return this.#emptyMs
  }

  async measure(group: BenchGroup): Promise<readonly OpTime[]> {
    const { backend, place } = this
    const { cases, dispose } = await group.open({ ...place, backend })
    try {
      const times: OpTime[] = []
      for (const each of cases) times.push(await this.#time(group.op, each))
      return times
    } finally {
      dispose()
    }
  }

  /** What a plain read of as many bytes reaches; null where it takes no longer than a dispatch. */
  read(bytes: number): Promise<ReadBandwidth | null> {
    return readBandwidth(this.backend, this.clock, bytes, this.place.rotatedBytes, this.#emptyMs)
  }

  /** One call among many of the same. */
  async #time(op: string, bench: BenchCase): Promise<OpTime> {
    const { rotation, rows } = bench
    const calls = this.place.short ? Math.max(2, rotation) : Math.ceil(leastCalls / rotation) * rotation
    const program = this.backend.program(`${op} ${rows}`, (ops) => {
      for (let turn = 0; turn < calls; turn++) bench.record(ops, turn)
    })
    try {
      const { median, low, high, clock } = await this.clock.time(program)
      const whole = { median: median / calls, low: low / calls, high: high / calls, clock }
      const dispatches = program.dispatches / calls
      const ms = whole.median - dispatches * this.#emptyMs
      return { arithmetic: this.backend.info.arithmetic, bench, dispatches, whole, ms: ms > 0 ? ms : null }
    } finally {
      program.dispose()
    }
  }

  dispose(): void {
    this.clock.dispose()
    this.backend.dispose()
  }
}
