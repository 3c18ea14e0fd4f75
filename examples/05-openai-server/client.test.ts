import { afterAll, describe, expect, test } from 'vitest'
import { clientOf, testServer } from './test-server'

const server = await testServer()
const { engine } = server.served
const { backend } = engine
const idle = backend.stats.liveBytes
afterAll(async () => {
  expect(backend.stats.liveBytes).toBe(idle)
  await server.close()
})

const client = clientOf(server)
const said = 'The little fox was very hungry.'
const ids = engine.tokenizer!.encode(`<|end|>${said}`)
const chat = { model: 'stories-5m', messages: [{ role: 'user' as const, content: said }], max_tokens: 16 }

describe('chat completions', () => {
  test('give the text of engine.generate with the same seed and sampling', async () => {
    const expected = await engine.complete(ids, {
      ...{ temperature: 0.8, topP: 0.95, presencePenalty: 0.2, frequencyPenalty: 0.1, seed: 7, maxTokens: 16 },
      logitBias: { 300: -100 },
    })
    const answer = await client.chat.completions.create({
      ...chat,
      ...{ temperature: 0.8, top_p: 0.95, presence_penalty: 0.2, frequency_penalty: 0.1, seed: 7 },
      logit_bias: { 300: -100 },
    })
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'stories-5m',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expected.text, refusal: null },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: { prompt_tokens: ids.length, completion_tokens: 16, total_tokens: ids.length + 16 },
    })
    expect(answer.id).toMatch(/^chatcmpl-\w+$/)
  })
})
