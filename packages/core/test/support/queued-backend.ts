import type { Backend } from '@outrider/core'

/** A backend that works like a device: in the order in which it was asked, later, and with a record of what was asked before what was given. */
export interface QueuedBackend {
  readonly backend: Backend
  /** `+n`: the n-th submission came; `-n`: what it read was given. From 1 on, since the last `restart`. */
  readonly events: readonly string[]
  restart(): void
  /** Most submissions that were under way at a time. */
  readonly deepest: number
}

/** `inner`, whose writes and submissions take their turn after a millisecond each. */
export function queuedBackend(inner: Backend): QueuedBackend {
  const events: string[] = []
  let [count, under, deepest] = [0, 0, 0]
  let last: Promise<unknown> = Promise.resolve()
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
  const submit: Backend['submit'] = async (...args) => {
    const at = ++count
    events.push(`+${at}`)
    deepest = Math.max(deepest, ++under)
    try {
      return await queued(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        return inner.submit(...args)
      })
    } finally {
      under--
      events.push(`-${at}`)
    }
  }
  const backend: Backend = {
    info: inner.info,
    lost: inner.lost,
    get stats() {
      return inner.stats
    },
    tensor: (...args) => inner.tensor(...args),
    weight: (...args) => inner.weight(...args),
    program: (...args) => inner.program(...args),
    write: (target, data, offset) => {
      const copy = data.slice()
      // Whoever disposed of it meanwhile no longer minds.
      queued(async () => inner.write(target, copy, offset)).catch(() => {})
    },
    submit,
    dispose: () => inner.dispose(),
  }
  return {
    backend,
    events,
    get deepest() {
      return deepest
    },
    restart: () => {
      events.length = count = deepest = 0
    },
  }
}
