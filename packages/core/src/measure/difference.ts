import type { Difference } from './report'

/** The first token at which `found` is not `plain`; null where they are equal. */
export function firstDifference(plain: readonly number[], found: readonly number[], prompt: number): Difference | null {
  const length = Math.max(plain.length, found.length)
  for (let position = 0; position < length; position++)
    if (plain[position] !== found[position])
      return { prompt, position, plain: plain[position] ?? null, found: found[position] ?? null }
  return null
}
