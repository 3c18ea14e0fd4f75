import { OutriderError } from './errors'

/** Throws `ABORTED`, with the signal's reason as the cause. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OutriderError('ABORTED', 'the request was aborted', { cause: signal.reason })
}
