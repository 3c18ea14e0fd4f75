import { OutriderError } from '../errors'
import { checkTree } from '../tree'
import { anyPath } from './any-path'
import { failureOf, prompts } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'

/** Trees within their budgets, and inputs left alone. */
export function draftChecks(subject: StrategySubject): readonly Check[] {
  return [
    { name: 'drafts are well-formed trees within the budget', faults: () => treeFaults(subject) },
    { name: 'inputs are left as they were', faults: () => inputFaults(subject) },
    ...(subject.expectsDrafts
      ? [{ name: 'something is drafted where prompts repeat themselves', faults: () => silenceFaults(subject) }]
      : []),
  ]
}

/** Sizes of passes, and how many tokens a generation may have: budgets from one node up. */
const limits = [
  { maxRows: 2, maxTokens: 6 },
  { maxRows: 3, maxTokens: 6 },
  { maxRows: 6, maxTokens: 8 },
  { maxRows: 16, maxTokens: 3 },
  { maxRows: 64, maxTokens: 16 },
] as const

async function treeFaults(subject: StrategySubject): Promise<readonly string[]> {
  const faults: string[] = []
  for (const limit of limits) {
    const check = async (bench: StrategyBench) => {
      for (const prompt of prompts) faults.push(...(await roundFaults(bench, prompt, limit)))
    }
    try {
      await onStrategyBench(subject, check, { maxRows: limit.maxRows })
    } catch (error) {
      // A strategy may say when it loads that its trees do not fit an engine of so few rows.
      if (limit.maxRows >= 16 || !OutriderError.is(error, 'INVALID_OPTION')) throw error
    }
  }
  return faults
}

async function roundFaults(
  { engine, strategy, complete }: StrategyBench,
  prompt: readonly number[],
  { maxRows, maxTokens }: (typeof limits)[number],
): Promise<readonly string[]> {
  const { rule, trees } = anyPath()
  const error = await failureOf(() => complete(prompt, { strategy, acceptance: rule, maxTokens, ignoreEos: true }))
  const faults: string[] = []
  if (error !== null)
    faults.push(
      `budget: a round with passes of ${maxRows} rows failed: ${error}. A draft has at most budget.nodes nodes and budget.depth levels, parents first, no two siblings alike`,
    )
  for (const tree of trees) {
    const left = maxTokens - (tree.committed - prompt.length)
    const bounds = { vocab: engine.model.vocab, nodes: maxRows - 1, depth: Math.min(left, maxRows) - 1 }
    const wrong = tree.tokens.length > 0 ? await failureOf(async () => checkTree(tree, bounds, strategy)) : null
    if (wrong !== null) faults.push(`budget: ${wrong}`)
  }
  return faults
}

async function inputFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ strategy, complete, sight }) => {
    for (const prompt of prompts) {
      const error = await failureOf(() =>
        complete(prompt, { strategy, acceptance: anyPath().rule, maxTokens: 20, ignoreEos: true }),
      )
      if (error !== null && sight.faults.length === 0) return [`inputs: a generation failed: ${error}`]
    }
    return sight.faults
  })
}

async function silenceFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async ({ strategy, complete, sight }) => {
    for (const prompt of prompts) await complete(prompt, { strategy, maxTokens: 24, ignoreEos: true })
    return sight.nodes > 0
      ? []
      : [
          `drafts: nothing was drafted in ${sight.asked} rounds, so no other check saw a draft: mend propose, or pass expectsDrafts: false where that is as it should be`,
        ]
  })
}
