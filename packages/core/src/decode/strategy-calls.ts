import { OutriderError } from '../errors'

/**
 * Runs a strategy's own code: an error of Outrider passes as it is, any other becomes `STRATEGY_FAILED` with the strategy's name,
 * and itself as the cause.
 */
export async function callStrategy<T>(name: string, doing: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw strategyError(name, doing, error)
  }
}

/** What `callStrategy` throws for `error`. */
export function strategyError(name: string, doing: string, error: unknown): unknown {
  if (OutriderError.is(error)) return error
  const what = error instanceof Error ? error.message : String(error)
  return new OutriderError('STRATEGY_FAILED', `strategy ${name} failed to ${doing}: ${what}`, {
    details: { strategy: name },
    cause: error,
  })
}
