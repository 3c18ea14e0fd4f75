import { OutriderError } from '@outrider/core'
import type { Answer, Failure } from '../protocol'

/** An error as the page shows it. */
export function failureOf(error: unknown): Failure {
  if (OutriderError.is(error)) return { code: error.code, message: error.message }
  return { code: null, message: error instanceof Error ? error.message : String(error) }
}

/** What `work` gives, or why it gives nothing: errors keep their code on their way to the page. */
export async function answered<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work() }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}
