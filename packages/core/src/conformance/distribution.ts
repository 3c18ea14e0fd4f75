import { type GenerateOptions, plan } from '../decode'
import type { AcceptanceRule } from '../spec'
import type { Engine } from '../wiring'
import { MOST } from './bench'
import { softmax, unlikely } from './chi-square'

/** Few tokens, one of the likely ones banned: all others have no mass. */
const SAMPLING: GenerateOptions = { temperature: 1, topK: 4, bannedTokens: [5] }

/** How draws are made. */
export interface Draws {
  readonly strategy: string
  readonly rule: AcceptanceRule
  readonly prompt: readonly number[]
  readonly count: number
}

/**
 * Two tokens that follow a prompt, drawn `count` times under several seeds, against the target's own law: the first of them, where
 * what is wrong is in few cells, then both; null: nothing is wrong.
 */
export async function drawFault(engine: Engine, draws: Draws): Promise<string | null> {
  const [pairs, law] = [await drawPairs(engine, draws), await pairLaw(engine, draws.prompt)]
  return unlikely(firsts(pairs), firsts(law)) ?? unlikely(pairs, law)
}

/** What pairs come to by their first token. */
function firsts(pairs: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [pair, value] of pairs) {
    const [first = ''] = pair.split(',')
    sums.set(first, (sums.get(first) ?? 0) + value)
  }
  return sums
}

/** How often each pair of tokens came. */
async function drawPairs(
  engine: Engine,
  { strategy, rule, prompt, count }: Draws,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const stepper = engine.openStepper({ strategy, acceptance: rule })
  try {
    await stepper.extend(prompt)
    for (let draw = 0; draw < count; draw++) {
      stepper.begin(plan({ ...SAMPLING, seed: draw % 5, sequence: draw }, [], engine.model.vocab).sampling)
      const tokens = [...(await stepper.round(MOST)).tokens]
      while (tokens.length < 2) tokens.push(...(await stepper.round(MOST)).tokens)
      const pair = tokens.slice(0, 2).join()
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
      stepper.truncate(prompt.length)
      await stepper.extend([])
    }
    return counts
  } finally {
    engine.closeStepper(stepper)
  }
}

/** Probabilities of pairs, from the target's own logits. */
async function pairLaw(engine: Engine, prompt: readonly number[]): Promise<ReadonlyMap<string, number>> {
  const law = new Map<string, number>()
  for (const [first, p] of (await nextLaw(engine, prompt)).entries())
    if (p > 0)
      for (const [second, q] of (await nextLaw(engine, [...prompt, first])).entries())
        if (q > 0) law.set([first, second].join(), p * q)
  return law
}

/** Probabilities of the token that follows, by id. */
export async function nextLaw(engine: Engine, prompt: readonly number[]): Promise<readonly number[]> {
  let law: readonly number[] = []
  const reading: AcceptanceRule = {
    specVersion: 1,
    name: 'reading',
    guarantee: 'lossy',
    host: {
      decide: ({ logits }) => {
        law = softmax(logits(0))
        return { path: [], next: 0 }
      },
    },
  }
  await engine.complete(prompt, { ...SAMPLING, acceptance: reading, maxTokens: 1 })
  return law
}
