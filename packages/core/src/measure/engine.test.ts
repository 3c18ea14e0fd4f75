import { compare, compareTable, exact, firstOf, rejection, typical } from '@outrider/core'
import { expect, test } from 'vitest'
import { tinyEngine } from '../../test/support/engines'
import { oracle, proposing, randomTrees } from '../../test/support/strategies'

const prompt = [5, 9, 13, 2, 41, 30]

test('an engine is compared: texts are equal, and counts are those of its own stats', async () => {
  const maxTokens = 24
  const plain = await (await tinyEngine()).complete(prompt, { maxTokens, ignoreEos: true })
  const text = [...prompt, ...plain.ids]
  const wrong = proposing('wrong', ({ tokens }) => ({ tokens: [((tokens.at(-1) as number) + 1) % 61], parents: [-1] }))
  const engine = await tinyEngine(
    {},
    {
      maxRows: 128,
      strategies: [
        oracle(text, 3),
        { ...firstOf(oracle(text, 2, 'two'), oracle(text, 1, 'one')), name: 'composed' },
        randomTrees(61, 7, 1, text),
        wrong,
      ],
    },
  )
  // Two chunks of prefill: neither is a round's submission.
  const long = Array.from({ length: 100 }, (_, i) => i % 61)
  const report = await compare(engine, { prompts: [{ prompt, name: 'the text' }, long], maxTokens, phasePrompts: 1 })
  expect(report.strategies.map(({ strategy }) => strategy)).toEqual(engine.strategies)
  for (const { failed, identical, submitsPerRound, readsPerRound, phasesMs } of report.strategies) {
    expect({ failed, identical, submitsPerRound, readsPerRound }).toEqual({
      failed: null,
      identical: true,
      submitsPerRound: 1,
      readsPerRound: 1,
    })
    expect(phasesMs?.verify).toBeGreaterThan(0)
  }
  expect(report.prompts[0]).toEqual({ name: 'the text', category: null, tokens: 6, ids: plain.ids })
  const { stats } = await engine.complete(prompt, { strategy: 'oracle', maxTokens, ignoreEos: true })
  expect(report.strategies[1]?.prompts[0]).toMatchObject({
    rounds: stats.rounds,
    tokens: maxTokens,
    proposed: stats.proposed,
    evaluated: stats.evaluated,
    accepted: stats.accepted,
  })
  expect(stats.meanAcceptanceLength).toBe(4)
  expect(Object.keys(report.strategies[2]?.acceptedBy ?? {})).toEqual(['two'])
  expect(compareTable(report)).toContain('plain loops, float32 (reference;')
})

test('a report carries the rule and what it promises, as the runs tell', async () => {
  const engine = await tinyEngine({}, { strategies: [randomTrees(61, 7, 1, prompt)] })
  for (const rule of [exact, rejection, typical()]) {
    const acceptance = { name: rule.name, guarantee: rule.guarantee }
    const finished = await engine.complete(prompt, { acceptance: rule, maxTokens: 4 })
    expect(finished.stats.acceptance).toEqual(acceptance)
    const report = await compare(engine, { prompts: [prompt], maxTokens: 4, acceptance: rule })
    expect(report.strategies.map((one) => one.acceptance)).toEqual([acceptance, acceptance])
    expect(compareTable(report)).toContain(`rule ${rule.name} (${rule.guarantee})`)
  }
})

test('a strategy that fails halfway is left out; what it took is freed', async () => {
  let rounds = 0
  const breaking = proposing('breaking', () => {
    if (++rounds === 20) throw new Error('out of ideas')
    return null
  })
  const engine = await tinyEngine({}, { strategies: [breaking], keepSessions: 0 })
  const { liveBytes } = engine.backend.stats
  const report = await compare(engine, { prompts: [prompt, [7, 8]], maxTokens: 8 })
  expect(report.strategies[1]?.failed).toMatchObject({
    code: 'STRATEGY_FAILED',
    message: expect.stringContaining('out of ideas'),
  })
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})
