/** What a thread does while something that it waits for is computed: it is told what is waited for, and the work behind it. */
export type Waits = (done: Promise<unknown>, work?: object) => void

declare const setImmediate: (next: () => void) => unknown

/** Asked for, ms; a kernel adds its timers' slack, 0.05 on Linux. */
const asked = 0.02

/** A wait that has lasted so many naps may last one more. */
const long = 25

/**
 * Sleeps in the turns of Node's event loop while a device computes. Dawn's binding asks for results once a turn and makes a
 * function each time, some 200 a millisecond: on a thread that does nothing but wait they keep a core busy, and collecting
 * them holds up rounds for up to 20 ms.
 */
export class Patience {
  readonly #cell = new Int32Array(new SharedArrayBuffer(4))
  /** What each work took from its submission to its outcome, ms, where the thread had nothing to do but to look for it. */
  readonly #took = new WeakMap<object, number>()
  #waiting = 0
  #turning = false
  /** Turns since something was begun or came: in the first one what was there before may come. */
  #turns = 0
  /** Since when nothing has come, and until when the device is likely to have work. */
  #since = 0
  #until = 0
  /** What a nap takes, ms. */
  #nap = 4 * asked

  /** `sleep` and `now` in milliseconds; `turn` calls back in the next turn of the event loop. */
  constructor(
    private readonly sleep: (ms: number) => void = (ms) => void Atomics.wait(this.#cell, 0, 0, ms),
    private readonly now: () => number = () => performance.now(),
    private readonly turn: (next: () => void) => unknown = setImmediate,
  ) {}

  readonly waits: Waits = (done, work) => {
    const from = this.now()
    this.#until = Math.max(this.#until, from + ((work && this.#took.get(work)) ?? 0))
    this.#turns = 0
    if (this.#waiting++ === 0) this.#since = from
    if (!this.#turning) this.turn(this.#next)
    this.#turning = true
    const end = () => {
      this.#since = this.now()
      if (work) this.#learn(work, this.#since - from)
      this.#turns = 0
      if (--this.#waiting === 0) this.#until = 0
    }
    done.then(end, end)
  }

  /** What a thread that was busy sees late is taken for a bound only: else naps would make for longer naps. */
  #learn(work: object, ms: number): void {
    const known = this.#took.get(work)
    if (this.#turns > 1) this.#took.set(work, ms)
    else if (known !== undefined) this.#took.set(work, Math.min(known, ms))
  }

  readonly #next = (): void => {
    this.#turning = this.#waiting > 0
    if (!this.#turning) return
    const now = this.now()
    const far = this.#until - now > 2 * this.#nap || now - this.#since > long * this.#nap
    if (this.#turns++ > 0 && far) {
      this.sleep(asked)
      this.#nap += (this.now() - now - this.#nap) / 8
    }
    this.turn(this.#next)
  }
}
