import type { DecodeStats, GenerateOptions } from '../decode'
import { OutriderError } from '../errors'
import type { Comparable } from './comparable'

/** One generation on the clock. */
export interface RunResult {
  readonly ids: readonly number[]
  readonly promptTokens: number
  /**
   * Milliseconds from the request to the first round's tokens: the prompt's prefill and one round. A GPU works off the prefill
   * behind the host's back, so that only the two together can be told from outside.
   */
  readonly firstTokenMs: number
  /** Milliseconds from then to the end, and the tokens that came in them: all but the first round's. */
  readonly decodeMs: number
  readonly decodeTokens: number
  readonly stats: DecodeStats
}

/** Generates once, on the host's clock. Throws what the generation throws. */
export async function timedRun(
  engine: Pick<Comparable, 'generate'>,
  prompt: string | readonly number[],
  options: GenerateOptions,
): Promise<RunResult> {
  const started = performance.now()
  let first: { readonly at: number; readonly tokens: number } | null = null
  for await (const { tokens, finish } of engine.generate(prompt, options)) {
    const now = performance.now()
    first ??= { at: now, tokens: finish ? finish.ids.length : tokens.length }
    if (!finish) continue
    return {
      ids: finish.ids,
      promptTokens: finish.usage.promptTokens,
      firstTokenMs: first.at - started,
      decodeMs: now - first.at,
      decodeTokens: finish.ids.length - first.tokens,
      stats: finish.stats,
    }
  }
  throw new OutriderError('ABORTED', 'the generation ended without a result')
}

/** Tokens a second after the first round; null where everything came in one. */
export function tokensPerSecond({ decodeMs, decodeTokens }: RunResult): number | null {
  return decodeTokens > 0 && decodeMs > 0 ? (decodeTokens / decodeMs) * 1000 : null
}
