import { type GenerateOptions, plan } from '../decode'
import { prompts } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'

/** What drafts come to that are asked for before the outcome of the last round is known (`Proposer.ahead`). */
export function aheadChecks(subject: StrategySubject): readonly Check[] {
  if (subject.draftsDependOn !== 'tokens') return []
  return [{ name: 'rounds that are begun ahead draft what rounds that wait draft', faults: () => aheadFaults(subject) }]
}

/** Rounds before a session is settled; with trees as deep as a pass has rows they leave the last one its whole budget. */
const rounds = 4
/** Tokens that a round may commit: more than its budget. */
const most = 60

const samplings: readonly GenerateOptions[] = [{}, { temperature: 0.9, seed: 21 }]

async function aheadFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async (bench) => {
    const faults: string[] = []
    for (const sampling of samplings)
      for (const prompt of prompts) {
        const [found, wanted] = [
          await outcomes(bench, prompt, sampling, true),
          await outcomes(bench, prompt, sampling, false),
        ]
        const at = wanted.findIndex((outcome, round) => outcome !== found[round])
        if (at >= 0)
          faults.push(
            `ahead: ${at < rounds ? `round ${at + 1}` : 'the round after one in vain'} ${found[at]} where it was begun before the last outcome was known, and ${wanted[at]} where it waited: a proposer whose drafts follow from what the host knows must not say ahead, and truncate has to undo a round in vain`,
          )
      }
    return faults.slice(0, 3)
  })
}

/** What each of some rounds came to, and one more after the session was settled. */
async function outcomes(
  { engine, strategy }: StrategyBench,
  prompt: readonly number[],
  sampling: GenerateOptions,
  ahead: boolean,
): Promise<readonly string[]> {
  const stepper = engine.openStepper({ strategy })
  try {
    await stepper.extend(prompt)
    stepper.begin(plan(sampling, [], engine.model.vocab).sampling)
    const told: string[] = []
    for (let round = 0; round <= rounds; round++) {
      if (round === rounds) {
        await stepper.settle()
        await stepper.extend([])
      }
      const { tokens, accepted, nodes } = await stepper.round(most, ahead && round < rounds)
      told.push(`kept ${accepted} of ${nodes} nodes and gave [${tokens}]`)
    }
    return told
  } finally {
    await stepper.settle()
    engine.closeStepper(stepper)
  }
}
