import { type AcceptanceRule, type Completion, createEngine, type GenerateOptions } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, test } from 'vitest'
import { checkShaped, rules, shapings } from './constrained'
import { everyStrategy } from './strategies'

const folder = 'models/stories-5m'
const backend = referenceBackend()
const engine = await createEngine({
  backend,
  model: folder,
  capacity: 64,
  maxRows: 16,
  strategies: everyStrategy(folder, 6),
  selfCheck: false,
})
const prompt = 'Once upon a time there was a dog. '
const tokens = 8
const plain: Record<string, Completion> = {}
for (const [name, shaping] of Object.entries(shapings))
  plain[name] = await engine.complete(prompt, { ...shaping, maxTokens: tokens })
/** How many drafted tokens were accepted and cut off. */
const totals = { accepted: 0, pruned: 0 }

afterAll(async () => {
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
  expect(totals.accepted).toBeGreaterThan(50)
  expect(totals.pruned).toBeGreaterThan(500)
})

describe('stories-5m on the reference backend, held to a constraint and to processors', () => {
  const others = ['rejection', 'block', 'typical'].map((name) => rules[name] as AcceptanceRule)
  const names = Object.keys(shapings)

  test.each(engine.strategies.slice(1).map((strategy, at) => [strategy, at] as const))('%s', async (strategy, at) => {
    // Every strategy under `exact` with each shaping but one, and under one of the other rules, whose turn it is, with a constraint.
    const runs: readonly (readonly [AcceptanceRule | undefined, string])[] = [
      [rules.exact, 'constraint'],
      [rules.exact, names[1 + (at % 2)] as string],
      [others[at % 3], names[at % 2] as string],
    ]
    for (const [rule, name] of runs) {
      const check = {
        prompt,
        tokens,
        strategies: [strategy],
        rule: rule as AcceptanceRule,
        shaping: shapings[name] as GenerateOptions,
        plain: plain[name] as Completion,
      }
      const { faults, accepted, pruned } = await checkShaped(engine, check)
      expect(faults).toEqual([])
      totals.accepted += accepted
      totals.pruned += pruned
    }
  })
})
