import { randomWords } from '../random'
import type { Acceptance } from './known-texts'

/**
 * What is drafted for each position of a text: its own token with probability p, else another. A draw belongs to its position, so
 * that a text's drafts do not depend on how long chains are or where they begin.
 */
export function draftsOf(
  text: readonly number[],
  number: number,
  vocab: number,
  { p, seed }: Acceptance,
): Uint32Array<ArrayBuffer> {
  const next = randomWords(seed * 8191 + number)
  return Uint32Array.from(text, (token) => {
    const right = next() / 2 ** 32 < p
    return right ? token : (token + 1 + (next() % (vocab - 1))) % vocab
  })
}

/** Tokens that a round commits on average with chains of `tokens`: 1 + p + p² + … */
export function expectedLength(p: number, tokens: number): number {
  let sum = 1
  for (let depth = 1, share = p; depth <= tokens; depth++, share *= p) sum += share
  return sum
}
