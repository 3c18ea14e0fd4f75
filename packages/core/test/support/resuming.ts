import { collect, type GenerationCheckpoint, type Part } from '@outrider/core'
import { expect } from 'vitest'

/** A generation's parts, with what a checkpoint after each is in JSON. */
export async function record(parts: AsyncIterable<Part>): Promise<{ parts: Part[]; saved: string[] }> {
  const all: Part[] = []
  const saved: string[] = []
  for await (const part of parts) {
    all.push(part)
    const checkpoint = part.checkpoint()
    expect(checkpoint === null).toBe(part.finish !== null)
    if (checkpoint) saved.push(JSON.stringify(checkpoint))
  }
  return { parts: all, saved }
}

/** A checkpoint from its JSON. */
export const read = (json: string | undefined): GenerationCheckpoint => JSON.parse(json as string)

/** What does not depend on who drafted and on when it was interrupted. */
export async function rest(parts: AsyncIterable<Part>) {
  const { text, tokens, ids, reason, by, usage, seed, resumed } = await collect(parts)
  return {
    text,
    tokens: tokens.map(({ id, text, logProb }) => ({ id, text, logProb })),
    ids,
    reason,
    by,
    usage,
    seed,
    resumed,
  }
}

/** What the undisturbed run has after part `at`. */
export function expected(all: readonly Part[], at: number) {
  const { ids, reason, by, usage, seed } = all.at(-1)?.finish ?? expect.fail('no end')
  const after = all.slice(at + 1)
  const tokens = after.flatMap((part) => part.tokens.map(({ id, text, logProb }) => ({ id, text, logProb })))
  const text = after.map((part) => part.text).join('')
  return { text, tokens, ids, reason, by, usage, seed }
}
