import type { Finish, TextToken } from '@outrider/core'
import type { Asked, Served } from './asked'
import type { Metrics } from './metrics'
import { type Likely, TopLogProbs } from './top-log-probs'

/** A token as answers tell it. */
export interface ToldToken extends TextToken {
  /** The most likely tokens in its place, the most likely first; empty where none were asked for. */
  readonly likely: readonly Likely[]
}

/** What a round brought to one of a request's choices. */
export interface Delta {
  readonly choice: number
  /** Whether it is the choice's first. */
  readonly first: boolean
  readonly text: string
  readonly tokens: readonly ToldToken[]
  /** In the choice's last. */
  readonly finish: Finish | null
}

/**
 * Decodes a request's choices one after another: side by side they would take as long, and more memory. Throws as `Engine.generate`,
 * `ABORTED` when the signal ends it.
 */
export async function* answer(
  asked: Asked,
  served: Served,
  metrics: Metrics,
  signal: AbortSignal,
): AsyncGenerator<Delta, void, void> {
  const { prompts, n, options } = asked
  const choices = prompts.flatMap((prompt) => Array.from({ length: n }, (_, sequence) => ({ prompt, sequence })))
  for (const [choice, { prompt, sequence }] of choices.entries()) {
    const teller = new Teller(asked.logProbs, prompt.length)
    let first = true
    try {
      const parts = served.engine.generate(prompt, { ...options, ...teller.options, sequence, signal })
      for await (const { text, tokens, finish } of parts) {
        if (finish) metrics.finished(options.strategy, finish)
        yield { choice, first, text, tokens: tokens.map((token) => teller.tell(token)), finish }
        first = false
        // Where the model computes on this thread, the network would not be heard between rounds.
        await new Promise(setImmediate)
      }
    } catch (error) {
      metrics.failed(options.strategy, error)
      throw error
    }
  }
}

/** Finds the most likely tokens beside each token. */
class Teller {
  readonly options: { readonly logProbs?: boolean; readonly processors?: readonly [TopLogProbs['processor']] }
  readonly #top: TopLogProbs | null
  readonly #before: number[] = []

  constructor(count: number | null, promptTokens: number) {
    this.#top = count ? new TopLogProbs(count, promptTokens) : null
    this.options = { logProbs: count !== null, ...(this.#top && { processors: [this.#top.processor] }) }
  }

  /** For the tokens of an answer, in order. */
  tell(token: TextToken): ToldToken {
    const likely = this.#top?.take(this.#before) ?? []
    this.#before.push(token.id)
    return { ...token, likely }
  }
}
