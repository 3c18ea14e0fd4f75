import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { all, clientOf, heldBytes, testServer, usageOf } from './test-server'

const server = await testServer()
const { engine } = server.served
const { backend } = engine
const idle = backend.stats.liveBytes
afterAll(async () => {
  expect(await heldBytes(engine)).toBe(idle)
  await server.close()
  expect(backend.stats.liveBytes).toBe(0)
})

const client = clientOf(server)
const model = 'stories-5m'
const said = 'The little fox was very hungry.'
const ids = engine.tokenizer!.encode(`<|end|>${said}`)
const chat = { model, messages: [{ role: 'user' as const, content: said }], max_tokens: 8 }
const greedy = { ...chat, temperature: 0 }
describe('chat completions', () => {
  test('give the text of engine.generate with the same seed and sampling', async () => {
    const answer = await client.chat.completions.create({
      ...chat,
      ...{ temperature: 0.8, top_p: 0.95, presence_penalty: 0.2, frequency_penalty: 0.1, seed: 7 },
      logit_bias: { 300: -100 },
    })
    const expected = await engine.complete(ids, {
      ...{ temperature: 0.8, topP: 0.95, presencePenalty: 0.2, frequencyPenalty: 0.1, seed: 7, maxTokens: 8 },
      logitBias: { 300: -100 },
    })
    const message = { role: 'assistant', content: expected.text, refusal: null }
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-\w+$/),
      object: 'chat.completion',
      created: expect.closeTo(Date.now() / 1000, -2),
      model,
      system_fingerprint: expect.stringMatching(/^fp_\w+$/),
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'length' }],
      usage: usageOf(ids.length, 8),
    })
  })

  test('stream the same text, with the role first, why it ended last, and what was used after it', async () => {
    const whole = await client.chat.completions.create({ ...chat, seed: 3 })
    const stream = await client.chat.completions.create({
      ...{ ...chat, seed: 3, stream: true },
      stream_options: { include_usage: true },
    })
    const chunks = await all(stream)
    const { id, created } = chunks[0]!
    for (const chunk of chunks) expect(chunk).toMatchObject({ id, created, object: 'chat.completion.chunk', model })
    const [first, ...rest] = chunks
    const [ending, usage] = rest.splice(-2)
    const piece = { index: 0, logprobs: null, finish_reason: null }
    expect(first?.choices).toEqual([{ ...piece, delta: { role: 'assistant', content: '', refusal: null } }])
    for (const { choices } of rest) expect(choices).toEqual([{ ...piece, delta: { content: expect.any(String) } }])
    expect(rest.length).toBeGreaterThan(3)
    expect(rest.map(({ choices }) => choices[0]?.delta.content).join('')).toBe(whole.choices[0]?.message.content)
    expect(ending).toMatchObject({ choices: [{ ...piece, delta: {}, finish_reason: 'length' }], usage: null })
    expect(usage).toMatchObject({ choices: [], usage: usageOf(ids.length, 8) })
  })

  test('streams are server-sent events, of data alone, and [DONE]', async () => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...greedy, max_tokens: 3, stream: true }),
    })
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    const events = (await response.text()).split('\n\n')
    expect(events.splice(-2)).toEqual(['data: [DONE]', ''])
    expect(events.length).toBeGreaterThan(2)
    for (const event of events) {
      const [, json] = /^data: (\{.*\})$/.exec(event)!
      expect(Object.keys(JSON.parse(json!))).toEqual([
        ...['id', 'object', 'created', 'model', 'system_fingerprint', 'choices'],
      ])
    }
  })

  test('a seed makes an answer repeatable, others make others; none draws one', async () => {
    const text = async (seed?: number) => {
      const answer = await client.chat.completions.create({ ...chat, ...(seed !== undefined && { seed }) })
      return answer.choices[0]?.message.content
    }
    const [once, again, other, drawn, another] = [
      await text(5),
      await text(5),
      await text(6),
      await text(),
      await text(),
    ]
    expect(again).toBe(once)
    expect(other).not.toBe(once)
    expect(another).not.toBe(drawn)
  })

  test('n answers are the sequences of a seed, whole and streamed; the prompt counts once', async () => {
    const answer = await client.chat.completions.create({ ...chat, seed: 2, n: 3 })
    const sequences = [0, 1, 2].map((sequence) =>
      engine.complete(ids, { temperature: 1, seed: 2, sequence, maxTokens: 8 }),
    )
    const texts = (await Promise.all(sequences)).map(({ text }) => text)
    expect(new Set(texts).size).toBe(3)
    expect(answer.choices.map(({ index, message }) => [index, message.content])).toEqual([...texts.entries()])
    expect(answer.usage).toEqual(usageOf(ids.length, 24))
    const streamed = ['', '', '']
    const ends: (string | null)[] = []
    for await (const { choices } of await client.chat.completions.create({ ...chat, seed: 2, n: 3, stream: true }))
      for (const { index, delta, finish_reason } of choices) {
        streamed[index] += delta.content ?? ''
        if (finish_reason) ends.push(finish_reason)
      }
    expect(streamed).toEqual(texts)
    expect(ends).toEqual(['length', 'length', 'length'])
  })

  test('end before a stop text, and at the end of a story', async () => {
    const { choices } = await client.chat.completions.create(greedy)
    const text = choices[0]?.message.content as string
    const stop = text.slice(10, 14)
    const cut = await client.chat.completions.create({ ...greedy, stop: ['never to be seen', stop] })
    expect(cut.choices[0]).toMatchObject({
      message: { content: text.slice(0, text.indexOf(stop)) },
      finish_reason: 'stop',
    })
    const streamed = await all(await client.chat.completions.create({ ...greedy, stop, stream: true }))
    expect(streamed.map(({ choices: [choice] }) => choice?.delta.content ?? '').join('')).toBe(
      text.slice(0, text.indexOf(stop)),
    )
    const end = await client.chat.completions.create({ ...greedy, logit_bias: { 0: 100 } })
    expect(end.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' })
  })

  test('read parts, the developer’s messages and answers that are sent back', async () => {
    const [first, second, third] = ['Once there was a dog.', 'It had a ball.', 'The ball was red.']
    const { choices } = await client.chat.completions.create({
      ...greedy,
      messages: [{ role: 'user', content: first }],
    })
    const { content, refusal } = choices[0]!.message
    const answer = await client.chat.completions.create({
      ...greedy,
      messages: [
        { role: 'developer', content: second },
        { role: 'user', content: first },
        { role: 'assistant', content, refusal },
        { role: 'user', content: [{ type: 'text', text: third }] },
      ],
    })
    const prompt = engine.tokenizer!.encode(`<|end|>${[second, first, content, third].join(' ')}`)
    expect(answer.choices[0]?.message.content).toBe((await engine.complete(prompt, { maxTokens: 8 })).text)
  })

  test('hold the text to a schema, through the client’s own helper, and to any object', async () => {
    const animal = z.object({ animal: z.enum(['fox', 'bear']), age: z.int().min(1).max(9) })
    const answer = await client.chat.completions.parse({
      ...{ ...greedy, max_tokens: 60 },
      response_format: zodResponseFormat(animal, 'animal'),
    })
    expect(animal.parse(answer.choices[0]?.message.parsed)).toEqual(answer.choices[0]?.message.parsed)
    const object = await client.chat.completions.create({
      ...{ ...chat, max_tokens: 60, seed: 1 },
      response_format: { type: 'json_object' },
      logit_bias: Object.fromEntries(engine.tokenizer!.encode('}').map((id) => [id, 100])),
    })
    expect(object.choices[0]?.finish_reason).toBe('stop')
    expect(JSON.parse(object.choices[0]?.message.content as string)).toBeTypeOf('object')
  })

  test('have one text, whatever drafts', async () => {
    const plain = await client.chat.completions.create({ ...chat, seed: 1, ...{ strategy: 'plain' } })
    const lookup = await client.chat.completions.create({ ...chat, seed: 1, ...{ strategy: 'lookup' } })
    expect(lookup.choices).toEqual(plain.choices)
  })
})

test('models are listed, with their strategies', async () => {
  const { data } = await client.models.list()
  expect(data).toEqual([await client.models.retrieve(model)])
  expect(data[0]).toMatchObject({
    id: model,
    object: 'model',
    max_model_len: 160,
    strategies: ['plain', 'lookup'],
    exact: true,
  })
})
