import { createEngine, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn, failure } from '../../core/test/support/engines'
import { drill, recoveryDrill } from '../../core/test/support/fault-drill'
import { FaultyBackend, faultyCalls } from '../../core/test/support/faulty-backend'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { tinyTemplate } from '../../core/test/support/tiny-tokenizer'
import { type EarlyExitOptions, earlyExit } from '../src'
import { faintFrom } from './early-exit-models'

const model = await writeTinyModel({ config: { intermediate_size: 32 } })
const strategies: readonly Strategy[] = [
  earlyExit({ layer: 1, name: 'chain', tokens: 3 }),
  earlyExit({ layer: 1, name: 'tree', branches: [2, 2] }),
]

describe.each(faultyCalls)('when a %s fails', (call) => {
  test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
    expect(await drill(call, model, strategies, call === 'write' ? 3 : 1)).toBeGreaterThan(4)
  })

  if (call !== 'weight') test('in a generation, the next one is whole', () => recoveryDrill(call, model, strategies))
})

describe('options', () => {
  test.each<EarlyExitOptions>([
    { layer: 0 },
    { layer: -1 },
    { layer: 1.5 },
    { layer: Number.NaN },
    { layer: 1, tokens: 0 },
    { layer: 1, tokens: 2.5 },
    { layer: 1, tokens: 64 },
    { layer: 1, tokens: 3, branches: [1] },
    { layer: 1, branches: [] },
    { layer: 1, branches: [33] },
    { layer: 1, branches: [16, 15] },
  ])('%o are refused', async (options) => {
    const error = await failure(() => earlyExit(options))
    expect(error.code).toBe('INVALID_OPTION')
    expect(error.message).toMatch(/^earlyExit: /)
  })

  test.each<[EarlyExitOptions, readonly string[]]>([
    [{ layer: 2 }, ['layer 2', 'layers: 2', '1 to 1']],
    [{ layer: 7 }, ['layer 7', 'layers: 2']],
    [{ layer: 1, branches: [8, 2] }, ['8 children', '8 rows']],
  ])('%o do not fit this target, and both are named', async (options, parts) => {
    const { backend } = new FaultyBackend()
    const load = () =>
      createEngine({ backend, model, maxRows: 8, capacity: 50, strategies: [earlyExit(options)], selfCheck: false })
    const error = await failure(load)
    expect(error.code).toBe('INVALID_OPTION')
    for (const part of parts) expect(error.message).toContain(part)
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('a target of one layer has no early exit', async () => {
    const { backend } = new FaultyBackend()
    const one = await writeTinyModel({ config: { num_hidden_layers: 1 } })
    const error = await failure(() => createEngine({ backend, model: one, strategies: [earlyExit({ layer: 1 })] }))
    expect(error.message).toContain('layers: 1; no early exit')
    expect(backend.stats.liveBytes).toBe(0)
  })
})

test('a chat goes on from turn to turn, also after an answer that was broken off', async () => {
  const chatty = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
  const engine = await engineOn(chatty, { strategies })
  const answers: string[][] = []
  for (const strategy of engine.strategies) {
    const chat = engine.session({ strategy })
    const texts: string[] = []
    for (const question of ['who are you?', 'and why?', 'what else?']) {
      for await (const _ of chat.send('never mind', { maxTokens: 30, ignoreEos: true })) break
      let text = ''
      for await (const part of chat.send(question, { maxTokens: 12 })) text += part.text
      texts.push(text)
    }
    answers.push(texts)
    chat.dispose()
  }
  for (const texts of answers) expect(texts).toEqual(answers[0])
})

test('two sessions take turns on one engine', async () => {
  const engine = await engineOn(await faintFrom(2, 0.3), {
    strategies: [earlyExit({ layer: 2, branches: [2, 2] })],
  })
  const prompts = [[3], [5, 9, 11, 5, 9, 11, 5]]
  const options = { maxTokens: 40, ignoreEos: true }
  const plain = []
  for (const prompt of prompts) plain.push((await engine.complete(prompt, options)).ids)
  const both = await Promise.all(
    prompts.map((prompt) => engine.complete(prompt, { strategy: 'early-exit', ...options })),
  )
  expect(both.map(({ ids }) => ids)).toEqual(plain)
  for (const { stats } of both) expect(stats.accepted).toBeGreaterThan(5)
})
