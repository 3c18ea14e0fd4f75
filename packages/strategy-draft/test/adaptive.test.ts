import { adaptive, type Completion, type CostCurve, firstOf, type Report } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { draftModel, lookup } from '../src'

const model = 'models/stories-5m'
const prompt = 'Once upon a time, there was a little cat. The little cat'
/** What a device with room for more rows is like, and one without. */
const roomy: CostCurve = { rows: [1, 2, 4, 8, 16, 32, 64], ms: [1, 1.02, 1.05, 1.1, 1.3, 1.6, 2] }
const narrow: CostCurve = { rows: [1, 64], ms: [1, 64] }

const report = ({ stats }: Completion): Report => stats.report as Report

test('chains and trees of a draft model and a lookup are sized by what they bring, and text stays as it was', async () => {
  const draft = (name: string, shape: { tokens?: number; branches?: readonly number[] }) =>
    draftModel({ model: `${model}/draft`, name, ...shape })
  const named = (name: string, strategy: ReturnType<typeof adaptive>) => ({ ...strategy, name })
  const strategies = [
    named('long chain', adaptive(draft('chain', { tokens: 16 }), { cost: roomy, draftCost: 0.1 })),
    named('dear chain', adaptive(draft('chain', { tokens: 16 }), { cost: roomy, draftCost: 0.6 })),
    named('narrow', adaptive(draft('chain', { tokens: 8 }), { cost: narrow })),
    named('tree', adaptive(draft('tree', { branches: [3, 2, 1] }), { cost: roomy })),
    named('both', adaptive(firstOf(lookup({ minNgram: 2 }), draft('chain', { tokens: 6 })), { cost: roomy })),
    named('inner', firstOf(lookup({ minNgram: 2 }), adaptive(draft('chain', { tokens: 6 }), { cost: roomy }))),
    named('measured', adaptive(draft('chain', { tokens: 4 }))),
  ]
  const engine = await engineOn(model, { strategies, maxRows: 32 })
  const options = { maxTokens: 48, ignoreEos: true }
  const plain = await engine.complete(prompt, options)
  const results = new Map<string, Completion>()
  for (const strategy of engine.strategies.slice(1)) {
    const result = await engine.complete(prompt, { ...options, strategy })
    expect({ strategy, ids: result.ids }).toEqual({ strategy, ids: plain.ids })
    expect(result.stats.reads).toBe(result.stats.rounds)
    expect(result.stats.submits).toBe(result.stats.rounds + 1)
    results.set(strategy, result)
  }
  const of = (name: string) => results.get(name) as Completion
  expect(of('long chain').stats.meanAcceptanceLength).toBeGreaterThan(2)
  expect(report(of('long chain')).nodes).toBeGreaterThan(report(of('dear chain')).nodes as number)
  expect(report(of('narrow'))).toMatchObject({ rounds: { 0: 48 }, nodes: 0, probes: 0 })
  expect(of('narrow').stats.proposed).toBe(0)
  expect(of('tree').stats.meanAcceptanceLength).toBeGreaterThan(2)
  expect(report(of('measured'))).toMatchObject({ cost: { from: 'measured', rows: [1, 2, 4, 6, 8, 12, 16, 24, 32] } })
})
