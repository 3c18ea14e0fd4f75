import { fileURLToPath } from 'node:url'
import { createEngine, Engine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { compareWith } from './compare-endpoint'
import { Endpoint } from './endpoint'
import { type FakeOptions, fakeServer } from './fake-server'

const backend = referenceBackend()
const engine = await createEngine({
  backend,
  model: fileURLToPath(new URL('../../models/stories-5m', import.meta.url)),
  ...{ capacity: 64, maxRows: 1, selfCheck: false, keepSessions: 0 },
})
const idle = backend.stats.liveBytes
afterAll(async () => {
  expect(backend.stats.liveBytes).toBe(idle)
  await engine.dispose()
})

const tokenizer = engine.tokenizer!
const ids = (text: string) => tokenizer.encode(`<|end|>${text}`)
const prompts = ['A mouse lived', 'It was a cold day.'].map((text, i) => ({ name: `story ${i + 1}`, ids: ids(text) }))
const usage = { prompt_tokens: (prompt: readonly number[]) => prompt.length, completion_tokens: 6 }
const { text } = await engine.complete(prompts[0]!.ids, { maxTokens: 6 })

/** Compares a fake endpoint with plain decoding, of the first prompt unless it is told otherwise. */
async function compared(options: FakeOptions, some = prompts.slice(0, 1)) {
  const { url, requests, close } = await fakeServer(options)
  onTestFinished(close)
  const endpoint = new Endpoint(url, 'key')
  const sides = { endpoint, served: 'stories-5m', engine, tokenizer, strategy: 'plain' }
  return { requests, url, ...(await compareWith({ ...sides, prompts: some, maxTokens: 6 })) }
}

test('asks for greedy tokens after a warm-up, prompts as ids', async () => {
  const { requests, pairs } = await compared({ chunks: ['x'], usage }, prompts)
  const [warmUp, ...asked] = requests
  expect(warmUp).toMatchObject({ prompt: [0], max_tokens: 4 })
  expect(asked).toEqual(
    prompts.map((prompt) => ({
      ...{ model: 'stories-5m', prompt: prompt.ids, max_tokens: 6 },
      ...{ temperature: 0, stream: true, stream_options: { include_usage: true } },
    })),
  )
  expect(pairs.map(({ name, local }) => [name, local.ids.length])).toEqual([
    ['story 1', 6],
    ['story 2', 6],
  ])
})

test('lets each side begin in turns', async () => {
  const order: string[] = []
  const generate = vi.spyOn(engine, 'generate').mockImplementation((...args) => {
    order.push('here')
    return Engine.prototype.generate.apply(engine, args)
  })
  onTestFinished(() => generate.mockRestore())
  await compared({ chunks: ['x'], usage, onRequest: () => order.push('there') }, prompts)
  // The warm-up, and the two prompts.
  expect(order).toEqual(['there', 'here', 'there', 'here', 'here', 'there'])
})

describe('texts', () => {
  test('that are equal, whatever the chunks', async () => {
    const { pairs } = await compared({ chunks: [...text], usage })
    expect(pairs[0]).toMatchObject({ difference: null, endpoint: { text, tokens: 6 }, local: { text } })
  })

  test('that leave one another: the first character and token', async () => {
    const { pairs } = await compared({ chunks: [`${text.slice(0, 5)}Zebra`], usage })
    const token = pairs[0]!.local.ids.findIndex((_, i, all) => tokenizer.decode(all.slice(0, i + 1)).length > 5)
    expect(token).toBeGreaterThan(0)
    expect(pairs[0]?.difference).toEqual({ character: 5, token, endpoint: 'Zebra', local: text.slice(5, 29) })
  })

  test('that end before: where', async () => {
    const { pairs } = await compared({ chunks: [text.slice(0, 3)], usage })
    expect(pairs[0]?.difference).toMatchObject({ character: 3, endpoint: '', local: text.slice(3, 27) })
  })
})

test('counts the tokens of an endpoint that does not', async () => {
  const { pairs, counted } = await compared({ chunks: [text], usage: null })
  expect(counted).toBe(true)
  expect(pairs[0]?.endpoint.tokens).toBe(tokenizer.encode(text).length)
  expect((await compared({ chunks: [text], usage })).counted).toBe(false)
})

describe('acceptance', () => {
  test('is not known without metrics, and why', async () => {
    const { endpointAcceptance, localAcceptance, url } = await compared({ chunks: ['x'], usage })
    const place = url.replace('/v1', '/metrics')
    expect(endpointAcceptance).toBe(`${place} answers 404: vLLM has metrics there, SGLang with --enable-metrics`)
    expect(localAcceptance).toBe('nothing was drafted')
  })

  test("is by how much vLLM's counters grew after the warm-up", async () => {
    let asked = 0
    const metrics = () => `vllm:spec_decode_num_drafts_total{engine="0"} ${7 + 10 * asked}.0
vllm:spec_decode_num_draft_tokens_total{engine="0"} ${7 + 30 * asked}.0
vllm:spec_decode_num_accepted_tokens_total{engine="0"} ${7 + 12 * asked++}.0`
    const { endpointAcceptance } = await compared({ chunks: ['x'], usage, metrics })
    expect(endpointAcceptance).toMatchObject({ length: 2.2, counts: { drafts: 10, proposed: 30, accepted: 12 } })
    expect(asked).toBe(2)
  })
})

describe('an endpoint that fails', () => {
  test.each<[string, FakeOptions, string]>([
    ['a key', { refuses: [401, { error: { message: 'no' } }] }, 'refuses the key: put the right one in OPENAI_API_KEY'],
    ['a prompt', { refuses: [400, { error: { message: 'give text' } }] }, 'answers 400: 400 give text'],
    ['without the path', { refuses: [404, { error: { message: 'no' } }] }, 'the base URL ends in /v1'],
    ['a stream that breaks off', { chunks: ['a', 'b'], breaks: true }, 'broke off'],
    [
      'prompts that it counts otherwise',
      { chunks: ['a'], usage: { prompt_tokens: 99, completion_tokens: 1 } },
      'the endpoint counts 99 prompt tokens where 1 were sent',
    ],
  ])('%s', async (_, options, message) => {
    await expect(compared(options)).rejects.toThrow(message)
  })
})
