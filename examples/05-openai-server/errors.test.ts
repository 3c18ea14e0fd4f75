import OpenAI from 'openai'
import { afterAll, describe, expect, test } from 'vitest'
import { app } from './app'
import { Queue } from './queue'
import { clientOf, testServer } from './test-server'

const server = await testServer()
const { served } = server
const { backend } = served.engine
const idle = backend.stats.liveBytes
afterAll(async () => {
  expect(backend.stats.liveBytes).toBe(idle)
  await server.close()
})

const chat = { model: 'stories-5m', messages: [{ role: 'user', content: 'The little fox was very hungry.' }] }
const completion = { model: 'stories-5m', prompt: 'The little fox' }
const long = 'The little fox was very hungry. '.repeat(40)
/** Hears of what no test expects. */
const log = (error: unknown): never => {
  throw error
}
const schema = (schema: unknown) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
})

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Every error has OpenAI's shape, and says something. */
async function expectError(response: Response, status: number, error: object): Promise<void> {
  const body = await response.json()
  expect(body).toEqual({
    error: {
      message: expect.stringMatching(/.{10}/),
      type: 'invalid_request_error',
      param: null,
      code: null,
      ...error,
    },
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('Content-Type')).toContain('application/json')
}

const says = (text: string) => ({ message: expect.stringContaining(text) })

describe('a request that cannot be served', () => {
  test.each<[string, object, number, object]>([
    ['an unknown model', { model: 'gpt-9' }, 404, { code: 'model_not_found', param: 'model', ...says('gpt-9') }],
    ['no model', { model: undefined }, 400, { param: 'model' }],
    ['no messages', { messages: [] }, 400, { param: 'messages' }],
    [
      'a chat that is too long',
      { messages: [{ role: 'user', content: long }] },
      400,
      { code: 'context_length_exceeded', param: 'messages', ...says('maximum context length is 160 tokens') },
    ],
    [
      'more tokens than are left',
      { max_completion_tokens: 155 },
      400,
      { code: 'context_length_exceeded', param: 'messages', ...says('163: 8 in the messages and 155') },
    ],
    ['tools', { tools: [{}] }, 400, { code: 'unknown_parameter', ...says('tools'), param: 'tools' }],
    ['a hot temperature', { temperature: 3 }, 400, { param: 'temperature' }],
    ['a seed that is none', { seed: -1 }, 400, { param: 'seed' }],
    ['five stop texts', { stop: ['a', 'b', 'c', 'd', 'e'] }, 400, { param: 'stop', ...says('up to four') }],
    ['an empty stop text', { stop: '' }, 400, { code: 'invalid_option', ...says('stop text') }],
    [
      'a bias of no token',
      { logit_bias: { fox: 1 } },
      400,
      { code: 'invalid_option', ...says('token ids below 2048') },
    ],
    ['an unknown strategy', { strategy: 'eagel' }, 400, { code: 'strategy_unknown', ...says('plain, lookup') }],
    ['top_logprobs alone', { top_logprobs: 2 }, 400, { param: 'top_logprobs' }],
    [
      'a picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] },
      400,
      { param: 'messages.0.content', ...says('list of parts of type text') },
    ],
    [
      'an answer of a tool',
      { messages: [{ role: 'tool', content: '3', tool_call_id: 'a' }] },
      400,
      { param: 'messages.0.role', ...says('there are no tools') },
    ],
    [
      'a schema that no text meets',
      schema({ allOf: [{ type: 'string' }, { type: 'integer' }] }),
      400,
      { code: 'invalid_option', param: 'response_format', ...says('allows no text') },
    ],
    [
      'a schema that cannot be held to',
      schema({ type: 'object', properties: { a: { not: { type: 'string' } } } }),
      400,
      { code: 'invalid_option', param: 'response_format', ...says('not') },
    ],
    ['a schema that is none', schema('string'), 400, { param: 'response_format.json_schema.schema' }],
    ['an unknown format', { response_format: { type: 'xml' } }, 400, { param: 'response_format.type' }],
  ])('%s', async (_, fields, status, error) => {
    await expectError(await post('/v1/chat/completions', { ...chat, ...fields }), status, error)
    // A stream has not begun by then: it gets the same.
    await expectError(await post('/v1/chat/completions', { ...chat, ...fields, stream: true }), status, error)
  })

  test.each<[string, object, number, object]>([
    ['a prompt that is too long', { prompt: long }, 400, { code: 'context_length_exceeded', param: 'prompt' }],
    ['an id beyond the vocabulary', { prompt: [3000] }, 400, { code: 'invalid_option', ...says('3000') }],
    ['a prompt that is none', { prompt: { text: 'x' } }, 400, { param: 'prompt' }],
    ['an echo', { echo: true }, 400, { code: 'unknown_parameter', param: 'echo' }],
  ])('%s', async (_, fields, status, error) => {
    await expectError(await post('/v1/completions', { ...completion, ...fields }), status, error)
  })

  test('malformed JSON, another type, a body without end', async () => {
    await expectError(await post('/v1/chat/completions', '{"model": '), 400, { code: 'invalid_json' })
    await expectError(await post('/v1/chat/completions', '[]'), 400, {})
    const typed = { 'Content-Type': 'text/plain' }
    await expectError(await post('/v1/completions', completion, typed), 415, { code: 'unsupported_media_type' })
    const large = await post('/v1/completions', { ...completion, prompt: 'a'.repeat(5 << 20) })
    await expectError(large, 413, { code: 'request_too_large' })
  })

  test('another place, another method', async () => {
    await expectError(await fetch(`${server.url}/v1/embeddings`), 404, { code: 'unknown_url' })
    await expectError(await fetch(`${server.url}/v1/completions`), 405, says('POST'))
    await expectError(await fetch(`${server.url}/v1/models/gpt-9`), 404, { code: 'model_not_found', param: 'model' })
  })

  test('the official client knows what went wrong by its classes', async () => {
    const client = clientOf(server)
    const messages = [{ role: 'user' as const, content: 'x' }]
    await expect(client.chat.completions.create({ model: 'gpt-9', messages })).rejects.toThrow(OpenAI.NotFoundError)
    const tooLong = client.completions.create({ ...completion, prompt: long })
    await expect(tooLong).rejects.toThrow(OpenAI.BadRequestError)
    await expect(tooLong).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'prompt' })
  })
})

describe('who may ask', () => {
  const options = { queue: new Queue({ running: 1, waiting: 1 }), log }
  const ask = (request: Request, token: string | null) => app(served, { ...options, token }).request(request)

  test('with the token, for everything', async () => {
    for (const path of ['/v1/models', '/metrics', '/nowhere'])
      for (const authorization of [undefined, 'Bearer wrong', 'Bearer', 'Basic secret', 'Bearer  secret x']) {
        const headers = authorization === undefined ? {} : { Authorization: authorization }
        const response = await ask(new Request(`http://box.example${path}`, { headers }), 'secret')
        expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
        await expectError(response, 401, { code: 'invalid_api_key' })
      }
    const headers = { Authorization: 'Bearer secret' }
    expect((await ask(new Request('http://box.example/v1/models', { headers }), 'secret')).status).toBe(200)
  })

  test('without one, by this machine’s name: no page that made its own name lead here', async () => {
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080'])
      expect((await ask(new Request(`http://${host}/v1/models`), null)).status).toBe(200)
    for (const host of ['evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.evil.example'])
      await expectError(await ask(new Request(`http://${host}/v1/models`), null), 403, { code: 'host_not_allowed' })
  })

  test('a server with a token, by the official client', async () => {
    const guarded = await testServer('--token', 'secret')
    await expect(clientOf(guarded, 'wrong').models.list()).rejects.toThrow(OpenAI.AuthenticationError)
    expect((await clientOf(guarded, 'secret').models.list()).data).toHaveLength(1)
    await guarded.close()
  })
})

describe('what the request is not to blame for', () => {
  test('a chat with a model that has no template', async () => {
    const bare = app(
      { ...served, template: null },
      { ...{ token: null, log }, queue: new Queue({ running: 1, waiting: 0 }) },
    )
    const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(chat) }
    const response = await bare.request('http://localhost/v1/chat/completions', request)
    await expectError(response, 400, { code: 'chat_template_missing' })
  })

  test('an error amid a stream ends it as an error of the client’s; later requests get 503', async () => {
    const other = await testServer()
    const client = clientOf(other)
    const stream = await client.completions.create({ ...completion, max_tokens: 100, stream: true })
    let chunks = 0
    const read = async () => {
      for await (const _ of stream) if (++chunks === 3) await other.served.engine.dispose()
    }
    await expect(read()).rejects.toThrow(OpenAI.APIError)
    expect(chunks).toBeLessThan(100)
    await expect(client.completions.create(completion)).rejects.toMatchObject({ status: 503, type: 'server_error' })
    await other.close()
    expect(other.served.engine.backend.stats.liveBytes).toBe(0)
  })

  test('what nobody foresaw is told to the log, and to the client only that it happened', async () => {
    const logged: unknown[] = []
    const fault = new Error('a secret of the machine')
    const broken = {
      ...served,
      tokenizer: {
        ...served.tokenizer,
        encode: () => {
          throw fault
        },
      },
    }
    const faulty = app(broken, {
      queue: new Queue({ running: 1, waiting: 0 }),
      token: null,
      log: (error) => logged.push(error),
    })
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(completion),
    }
    const response = await faulty.request('http://localhost/v1/completions', request)
    await expectError(response, 500, { type: 'server_error', message: 'the server failed; its log says why' })
    expect(logged).toEqual([fault])
  })
})
