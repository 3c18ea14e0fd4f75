import type { Engine } from '@outrider/core'
import { randomTokens } from '../random'
import type { KnownTexts } from '../synthetic/known-texts'

/** Prompts of random tokens. */
export function randomPrompts(engine: Engine, count: number, length: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, number) => randomTokens(length, engine.model.vocab, 31 + number))
}

/** Decodes prompts plainly, `tokens` each, and remembers what was written. */
export async function learnTexts(
  engine: Engine,
  texts: KnownTexts,
  prompts: readonly (readonly number[])[],
  tokens: number,
): Promise<void> {
  for (const prompt of prompts) {
    const { ids } = await engine.complete(prompt, { maxTokens: tokens, ignoreEos: true })
    texts.learn([...prompt, ...ids])
  }
}
