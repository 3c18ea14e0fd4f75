import type { Backend, Program, Tensor } from '../spec'
import type { Counters } from './counters'

/** A round's work by what it is for, in the order in which it runs. */
export interface RoundWork {
  readonly draft: readonly Program[]
  readonly verify: readonly Program[]
  /** What keeps the drafter in step: counted as drafting. */
  readonly follow: readonly Program[]
}

/** Milliseconds of a round's work by the device's own clock; keeping the drafter in step is drafting. */
export interface DevicePhases {
  readonly draftMs: number
  readonly verifyMs: number
}

/** Submits a session's work and counts it. */
export class Device {
  /** When the last submission had been read, by `performance.now()`. */
  #until = 0

  constructor(
    private readonly backend: Backend,
    private readonly counters: () => Counters,
    /** Whether rounds are timed by the device's own clock. */
    private readonly timed: boolean,
  ) {}

  /** One submission, and one read where something is read. */
  async submit(
    programs: readonly Program[],
    read?: readonly Tensor[],
    timings?: number[],
  ): Promise<readonly ArrayBuffer[]> {
    const counters = this.counters()
    const started = performance.now()
    counters.submits++
    if (read) counters.reads++
    const bytes = await this.backend.submit(programs, read, timings)
    const now = performance.now()
    // What was submitted before the one ahead of it was read is counted from there.
    counters.deviceMs += now - Math.max(started, this.#until)
    this.#until = now
    return bytes
  }

  /** One submission of a round; `phases` is null where it is not timed. */
  async round(
    { draft, verify, follow }: RoundWork,
    read?: readonly Tensor[],
  ): Promise<{ readonly bytes: readonly ArrayBuffer[]; readonly phases: DevicePhases | null }> {
    const timings: number[] | undefined = this.timed ? [] : undefined
    const bytes = await this.submit([...draft, ...verify, ...follow], read, timings)
    if (!timings || timings.length === 0) return { bytes, phases: null }
    const verifyEnd = draft.length + verify.length
    const sum = (from: number, to?: number) => timings.slice(from, to).reduce((total, ms) => total + ms, 0)
    const phases = { draftMs: sum(0, draft.length) + sum(verifyEnd), verifyMs: sum(draft.length, verifyEnd) }
    this.counters().phases(phases)
    return { bytes, phases }
  }
}
