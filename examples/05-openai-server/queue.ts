import { OutriderError } from '@outrider/core'
import { ApiError } from './api-error'

/** How much is taken on. */
export interface QueueLimits {
  /** Requests that are decoded at a time; each holds a session's memory. */
  readonly running: number
  /** Requests that wait beside them. */
  readonly waiting: number
}

/** Lets so many requests in, so many wait in the order in which they came, and sends the others away. */
export class Queue {
  #running = 0
  readonly #waiting = new Set<() => void>()
  /** Seconds that a request held its place, on a moving average. */
  #seconds = 1
  readonly #limits: QueueLimits

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Waits for a place; what it gives gives the place back. Throws `ApiError` 429 with `Retry-After` where too many wait already,
   * `ABORTED` where the client hung up meanwhile.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw hungUp()
    if (this.#running >= this.#limits.running) await this.#wait(signal)
    else this.#running++
    const since = performance.now()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#seconds += ((performance.now() - since) / 1000 - this.#seconds) / 8
      this.#next()
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#limits.waiting) throw this.#full()
    return new Promise((resolve, reject) => {
      const called = () => {
        signal.removeEventListener('abort', left)
        resolve()
      }
      const left = () => {
        this.#waiting.delete(called)
        reject(hungUp())
      }
      signal.addEventListener('abort', left, { once: true })
      this.#waiting.add(called)
    })
  }

  /** Hands the place on to who has waited longest. */
  #next(): void {
    const [longest] = this.#waiting
    if (!longest) {
      this.#running--
      return
    }
    this.#waiting.delete(longest)
    longest()
  }

  #full(): ApiError {
    const { running, waiting } = this.#limits
    const seconds = Math.max(1, Math.ceil((this.#seconds * (this.#waiting.size + 1)) / running))
    return new ApiError(429, `${running} requests are running and ${waiting} waiting: try again in ${seconds} s`, {
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { 'Retry-After': String(seconds) },
    })
  }
}

function hungUp(): OutriderError {
  return new OutriderError('ABORTED', 'the client hung up before its turn came')
}
