import { shown } from '../output'
import type { BenchSettings } from '../settings'
import { learnTexts, randomPrompts } from './learn'
import { roundCosts } from './round'
import { eachSubject, type Subject } from './subjects'

const usualStrategies =
  'synthetic:p=0.8;tokens=5,syntheticDevice:p=0.8;tokens=5,synthetic:p=0.8;tokens=15,lookup,earlyExit:layer=1;tokens=3'
/** Tokens that a warm-up and two generations go through at most. */
const room = 64

/** `pnpm bench round`: what a round of each strategy submits, reads and takes. */
export function benchRound(settings: BenchSettings): Promise<void> {
  const { output, tiny, clock } = settings
  const tokens = settings.tokens ?? (tiny ? 16 : 128)
  const [context = 64] = settings.contexts ?? []
  const options = { tokens, repeats: tiny ? 1 : 5, warmUpMs: clock.warmUpMs }
  const capacity = context + tokens + 2 * room
  return eachSubject(settings, usualStrategies, capacity, async ({ name, engine, texts }: Subject) => {
    const prompts = randomPrompts(engine, 1, context)
    await learnTexts(engine, texts, prompts, tokens + 2 * room)
    output.table(`rounds of ${name} behind ${context} tokens on ${engine.backend.info.device}`, columns)
    for (const strategy of engine.strategies.filter((each) => each !== 'probe')) {
      const costs = roundCosts(engine, strategy, prompts[0] as readonly number[], options)
      // What fails is told in its place: the others are measured all the same.
      output.line({ context, ...(await costs.catch((error) => ({ strategy: `${strategy}: ${String(error)}` }))) })
    }
  })
}

const columns = [
  shown('dispatches', 'dispatches'),
  shown('submits', 'submits'),
  shown('reads', 'reads'),
  shown('tokens', 'tokensPerRound'),
  shown('round ms', 'roundMs'),
  shown('host ms', 'hostMs'),
  shown('wait ms', 'waitMs'),
  shown('draft ms', 'draftMs'),
  shown('verify ms', 'verifyMs'),
  shown('strategy', 'strategy'),
]
