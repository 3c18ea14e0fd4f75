import type { GenerateOptions } from '../decode'
import { failureOf, prompts, treesFrom } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'

/** The text of plain decoding, and the same run again. */
export function tokenChecks(subject: StrategySubject): readonly Check[] {
  return [
    { name: 'ids are those of plain decoding at temperature 0', faults: () => idFaults(subject, [{}]) },
    { name: 'ids are those of plain decoding above temperature 0', faults: () => idFaults(subject, sampled) },
    ...(subject.draftsDependOn === 'engine'
      ? []
      : [{ name: 'the same seed gives the same run', faults: () => runFaults(subject) }]),
  ]
}

/** Temperatures, filters, penalties and tokens without mass. */
const sampled: readonly GenerateOptions[] = [
  { temperature: 0.8, seed: 1 },
  { temperature: 1.3, seed: 2, topK: 5, bannedTokens: [5, 6] },
  { temperature: 0.7, seed: 3, topP: 0.9, repetitionPenalty: 1.2, frequencyPenalty: 0.1 },
]

async function idFaults(subject: StrategySubject, all: readonly GenerateOptions[]): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ strategy, complete, sight }) => {
    const faults: string[] = []
    for (const options of all)
      for (const prompt of prompts) {
        const common = { maxTokens: 24, ignoreEos: true, ...options }
        const plain = await complete(prompt, common)
        let ids: readonly number[] = []
        const error = await failureOf(async () => {
          ids = (await complete(prompt, { ...common, strategy })).ids
        })
        if (error !== null) faults.push(`ids: a generation failed: ${error}`)
        else if (ids.join() !== plain.ids.join())
          faults.push(
            `ids: with ${JSON.stringify(options)} [${ids}] came instead of [${plain.ids}] (${sight.nodes} nodes drafted): a strategy changes text only where its programs write what is not theirs, such as the sequence, the target's cache below the committed length, or the outcome`,
          )
      }
    return faults
  })
}

async function runFaults(subject: StrategySubject): Promise<readonly string[]> {
  const run = () =>
    onStrategyBench(subject, async (bench) => [
      JSON.stringify(await trees(bench, {})),
      JSON.stringify(await trees(bench, { temperature: 0.9, seed: 11 })),
    ])
  const [first, second] = [await run(), await run()]
  return first.join() === second.join()
    ? []
    : [
        'seed: the same seed, prompt and options gave other drafts in a new engine: draw with session.noise, never with Math.random or the clock',
      ]
}

async function trees({ engine, strategy }: StrategyBench, sampling: GenerateOptions): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for (const prompt of prompts) all.push(await treesFrom(engine, strategy, prompt, 6, sampling))
  return all
}
