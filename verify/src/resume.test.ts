import { collect, createEngine, type Engine, type ResumeOptions } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, test } from 'vitest'
import { pairsOnDevice, pairsOnHost } from '../../packages/core/test/support/pair-processors'
import { shortWords } from '../../packages/core/test/support/short-words'
import { everyStrategy } from './strategies'

const model = 'models/stories-5m'
const open = (): Promise<Engine> =>
  createEngine({
    backend: referenceBackend(),
    model,
    capacity: 64,
    maxRows: 16,
    strategies: everyStrategy(model, 6),
    selfCheck: false,
  })
const engine = await open()
const spare = await open()
afterAll(async () => {
  await engine.dispose()
  await spare.dispose()
})

const sampled = { temperature: 0.8, seed: 2, repetitionPenalty: 1.2, frequencyPenalty: 0.1 }
/** What a checkpoint cannot hold. */
const shaped: ResumeOptions = { constraint: shortWords, processors: [pairsOnHost, pairsOnDevice] }

describe.each([
  ['greedy', {}, {}],
  ['sampled, held to a constraint and to processors', sampled, shaped],
])('%s', (_, sampling, given) => {
  const options = { ...sampling, ...given, maxTokens: 9, stop: ['never said'] }
  const undisturbed = engine.complete('Once upon a time', options)
  test.each(engine.strategies)('%s goes on elsewhere', async (strategy) => {
    expect.hasAssertions()
    const plain = await undisturbed
    let text = ''
    for await (const part of engine.generate('Once upon a time', { ...options, strategy })) {
      text += part.text
      const saved = part.checkpoint()
      if (!saved) break
      // The first rounds tell little: what drafts follow is short.
      if (saved.tokens.length - saved.promptTokens < 3) continue
      const json = JSON.stringify(saved)
      const rest = await collect(spare.resume(JSON.parse(json), given))
      expect(text + rest.text).toBe(plain.text)
      expect(rest.ids).toEqual(plain.ids)
      if (rest.resumed && rest.resumed.replayed > 4) return
    }
  })
})
