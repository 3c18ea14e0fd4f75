import { OutriderError } from '../errors'
import type { Backend, Program } from '../spec'

/** Calls of a backend that can be made to fail. */
export type FaultyCall = 'tensor' | 'program' | 'submit'

/** A backend behind a counter of what lives on it, which fails where it is told to, as a device that is lost does. */
export class WatchedBackend {
  /** What failing calls throw. */
  readonly loss: OutriderError = new OutriderError('DEVICE_LOST', 'the device is lost, as the conformance kit wants it')
  readonly backend: Backend
  readonly calls: Record<FaultyCall, number> = { tensor: 0, program: 0, submit: 0 }
  #programs = 0
  #fault: { readonly call: FaultyCall; readonly at: number; readonly lasting: boolean } | null = null

  constructor(readonly inner: Backend) {
    this.backend = {
      info: inner.info,
      lost: inner.lost,
      get stats() {
        return inner.stats
      },
      tensor: (...args) => this.#call('tensor', () => inner.tensor(...args)),
      weight: (...args) => inner.weight(...args),
      write: (...args) => inner.write(...args),
      program: (...args) => this.#call('program', () => this.#counted(inner.program(...args))),
      submit: async (...args) => this.#call('submit', () => inner.submit(...args)),
      dispose: () => inner.dispose(),
    }
  }

  /** What is held now. */
  get held(): Held {
    return { bytes: this.inner.stats.liveBytes, programs: this.#programs }
  }

  /** Counts calls from here on, and lets the `at`-th of a kind fail, or that one and all after it. */
  restart(fault: { readonly call: FaultyCall; readonly at: number; readonly lasting: boolean } | null): void {
    for (const call of ['tensor', 'program', 'submit'] as const) this.calls[call] = 0
    this.#fault = fault
  }

  #call<T>(call: FaultyCall, work: () => T): T {
    const count = ++this.calls[call]
    const fault = this.#fault
    if (fault?.call === call && (count === fault.at || (fault.lasting && count > fault.at))) throw this.loss
    return work()
  }

  #counted(program: Program): Program {
    const dispose = program.dispose.bind(program)
    let live = true
    this.#programs++
    program.dispose = () => {
      if (live) this.#programs--
      live = false
      dispose()
    }
    return program
  }
}

/** Device memory in bytes, and programs that were not disposed of. */
export interface Held {
  readonly bytes: number
  readonly programs: number
}

/** What is held beyond `before`, in words; null: nothing. */
export function leak(now: Held, before: Held): string | null {
  const bytes = now.bytes - before.bytes
  const programs = now.programs - before.programs
  return bytes === 0 && programs === 0 ? null : `${bytes} bytes and ${programs} programs`
}
