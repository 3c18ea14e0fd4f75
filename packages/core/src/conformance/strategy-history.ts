import { type GenerateOptions, plan } from '../decode'
import type { SeenTree } from './any-path'
import { anyPathSession, failureOf, MOST, prompts, treesFrom } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'

/** What a draft may depend on: the committed tokens, and nothing of how they came about. */
export function historyChecks(subject: StrategySubject): readonly Check[] {
  const { draftsDependOn } = subject
  return [
    ...(draftsDependOn === 'tokens'
      ? [
          { name: 'after every outcome drafts are those of a fresh session', faults: () => replayFaults(subject) },
          { name: 'going back gives the drafts of a fresh session', faults: () => rollbackFaults(subject) },
        ]
      : []),
    ...(draftsDependOn === 'engine'
      ? []
      : [
          { name: 'sessions do not see one another', faults: () => sessionFaults(subject) },
          {
            name: 'a generation that takes a session over drafts what a fresh one does',
            faults: () => reuseFaults(subject),
          },
        ]),
  ]
}

const samplings: readonly GenerateOptions[] = [{}, { temperature: 0.9, seed: 21 }]

/** The first draft of a session that begins with these tokens. */
async function fresh(
  { engine, strategy }: Pick<StrategyBench, 'engine' | 'strategy'>,
  tokens: readonly number[],
  sampling: GenerateOptions,
): Promise<SeenTree | undefined> {
  return (await treesFrom(engine, strategy, tokens, 1, sampling))[0]
}

function show(tree: SeenTree | undefined): string {
  return tree ? `[${tree.tokens}] below [${tree.parents}]` : 'none'
}

async function replayFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ engine, strategy }) => {
    const faults: string[] = []
    for (const sampling of samplings)
      for (const prompt of prompts) {
        const { stepper, seen } = await anyPathSession(engine, strategy, prompt, sampling)
        try {
          let outcome = 'the prompt'
          for (let round = 0; round < 9; round++) {
            const tokens = [...stepper.sequence.tokens]
            const { accepted, nodes } = await stepper.round(MOST)
            const [found, wanted] = [seen.trees.at(-1), await fresh({ engine, strategy }, tokens, sampling)]
            if (show(found) !== show(wanted))
              faults.push(
                `replay: after ${outcome} the draft was ${show(found)}, but ${show(wanted)} in a session that begins with the same tokens: the proposer's own state missed or kept entries. The last draft token of a round that was kept whole has no entry in a drafter's cache yet, and those of refused tokens must go; where drafts are meant to depend on the session's rounds, pass draftsDependOn: 'session'`,
              )
            outcome = `a round that kept ${accepted} of ${nodes} nodes`
          }
        } finally {
          engine.closeStepper(stepper)
        }
      }
    return faults.slice(0, 3)
  })
}

async function rollbackFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ engine, strategy }) => {
    const faults: string[] = []
    for (const prompt of prompts.slice(1)) {
      const { stepper, seen } = await anyPathSession(engine, strategy, prompt)
      try {
        for (const back of [1, 3, 7]) {
          for (let round = 0; round < 4; round++) await stepper.round(MOST)
          stepper.truncate(Math.max(2, stepper.sequence.tokens.length - back))
          await stepper.extend(back === 3 ? [9, 11, 5] : [])
          const tokens = [...stepper.sequence.tokens]
          await stepper.round(MOST)
          const [found, wanted] = [seen.trees.at(-1), await fresh({ engine, strategy }, tokens, {})]
          if (show(found) !== show(wanted))
            faults.push(
              `rollback: after going back ${back} tokens the draft was ${show(found)}, but ${show(wanted)} in a fresh session: truncate(length) must forget what lies beyond, and return the number of entries that still hold`,
            )
        }
      } finally {
        engine.closeStepper(stepper)
      }
    }
    return faults
  })
}

async function reuseFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ engine, strategy }) => {
    const faults: string[] = []
    const rounds = 5
    const [one = [], two = [], three = []] = prompts
    const { stepper, seen } = await anyPathSession(engine, strategy, two)
    try {
      for (let round = 0; round < rounds; round++) await stepper.round(MOST)
      for (const [at, prompt] of [three, two, one, three].entries()) {
        const sampling = samplings[at % 2] as GenerateOptions
        stepper.rest()
        stepper.restart()
        await stepper.extend(prompt)
        stepper.begin(plan(sampling, [], engine.model.vocab).sampling)
        for (let round = 0; round < rounds; round++) await stepper.round(MOST)
        const found = seen.trees.slice(-rounds).map(show).join()
        const wanted = (await treesFrom(engine, strategy, prompt, rounds, sampling)).map(show).join()
        if (found !== wanted)
          faults.push(
            `reuse: generation ${at + 2} of a session drafted ${found}, but ${wanted} in a fresh one: a proposer that says reusable must be as new after truncate(0)`,
          )
      }
    } finally {
      engine.closeStepper(stepper)
    }
    return faults.slice(0, 3)
  })
}

async function sessionFaults(subject: StrategySubject): Promise<readonly string[]> {
  const [, first = [], second = []] = prompts
  const other = [11, 5, 7, 11, 5, 7, 9, 11, 5, 7, 5, 9, 8, 5]
  const alone = await onStrategyBench(subject, ({ engine, strategy }) => treesFrom(engine, strategy, first, 8))
  return onStrategyBench(subject, async ({ engine, strategy }) => {
    await treesFrom(engine, strategy, other, 4)
    const beside = await anyPathSession(engine, strategy, second)
    const { stepper, seen } = await anyPathSession(engine, strategy, first)
    try {
      const error = await failureOf(async () => {
        for (let round = 0; round < 8; round++) {
          await stepper.round(MOST)
          await beside.stepper.round(MOST)
        }
      })
      if (error !== null) return [`sessions: a round beside another session failed: ${error}`]
    } finally {
      engine.closeStepper(stepper)
      engine.closeStepper(beside.stepper)
    }
    return seen.trees.map(show).join() === alone.map(show).join()
      ? []
      : [
          "sessions: other drafts came after and beside other sessions than alone: keep a session's state in what start returns; where drafts are meant to learn from other sessions, pass draftsDependOn: 'engine'",
        ]
  })
}
