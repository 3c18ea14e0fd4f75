import type { Engine, Part } from '@outrider/core'

/** One telling of the story, measured. */
export interface Telling {
  readonly strategy: string
  readonly ids: readonly number[]
  readonly tokens: number
  /** Tokens a round commits on average, the target's own included. */
  readonly acceptanceLength: number
  /** Over all that came after the first round; null where nothing did. */
  readonly tokensPerSecond: number | null
}

/** Tells the story with one strategy and hands every round's part to `show`. */
export async function tell(
  engine: Engine,
  prompt: readonly number[],
  options: { readonly strategy: string; readonly maxTokens: number },
  show: (part: Part) => void,
): Promise<Telling> {
  let first: { readonly at: number; readonly tokens: number } | null = null
  for await (const part of engine.generate(prompt, options)) {
    show(part)
    const { finish } = part
    if (finish) {
      const rate = first && ((finish.ids.length - first.tokens) / (performance.now() - first.at)) * 1000
      return {
        strategy: options.strategy,
        ids: finish.ids,
        tokens: finish.ids.length,
        acceptanceLength: finish.stats.meanAcceptanceLength,
        tokensPerSecond: rate,
      }
    }
    first ??= { at: performance.now(), tokens: part.tokens.length }
  }
  throw new Error(`${options.strategy} ended without a result`)
}

/** A short generation with each strategy, so that no shader is compiled while the clock runs. */
export async function warmUp(engine: Engine, prompt: readonly number[]): Promise<void> {
  // Said twice, the prompt gives lookup something to find; drafts of every size come by as the last tokens run out.
  for (const strategy of engine.strategies)
    await engine.complete([...prompt, ...prompt], { strategy, maxTokens: 10, ignoreEos: true })
}
