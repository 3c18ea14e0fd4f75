import { type Backend, OutriderError, type Program } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'

/** Calls that can fail. `read` fails as `submit` does, but after the work was done: its result is lost. */
export const faultyCalls = ['tensor', 'weight', 'program', 'write', 'submit', 'read'] as const
export type FaultyCall = (typeof faultyCalls)[number]

/** Which call fails: the n-th of its kind, or that one and all after it. */
export interface Fault {
  readonly call: FaultyCall
  readonly at: number
  readonly lasting?: boolean
}

/** A reference backend that fails when it is told to, and counts calls and programs that are alive. */
export class FaultyBackend {
  /** What failing calls throw. */
  readonly error: OutriderError = new OutriderError('DEVICE_LOST', 'the device is gone, as this test wants it')
  readonly counts: Record<FaultyCall, number> = { tensor: 0, weight: 0, program: 0, write: 0, submit: 0, read: 0 }
  readonly inner: Backend = referenceBackend()
  readonly backend: Backend
  fault: Fault | null = null
  livePrograms = 0

  constructor() {
    const { inner } = this
    this.backend = {
      info: inner.info,
      lost: inner.lost,
      get stats() {
        return inner.stats
      },
      tensor: (...args) => this.#call('tensor', () => inner.tensor(...args)),
      weight: async (...args) => this.#call('weight', () => inner.weight(...args)),
      program: (...args) => this.#call('program', () => this.#watched(inner.program(...args))),
      write: (...args) => this.#call('write', () => inner.write(...args)),
      submit: async (...args) => {
        const result = await this.#call('submit', () => inner.submit(...args))
        return this.#call('read', () => result)
      },
      dispose: () => inner.dispose(),
    }
  }

  /** Counts from here on. */
  restart(fault: Fault | null): void {
    for (const call of faultyCalls) this.counts[call] = 0
    this.fault = fault
  }

  #call<T>(call: FaultyCall, work: () => T): T {
    const count = ++this.counts[call]
    const { fault } = this
    if (fault?.call === call && (count === fault.at || (fault.lasting && count > fault.at))) throw this.error
    return work()
  }

  #watched(program: Program): Program {
    const dispose = program.dispose.bind(program)
    let live = true
    this.livePrograms++
    program.dispose = () => {
      if (live) this.livePrograms--
      live = false
      dispose()
    }
    return program
  }
}
