import OpenAI from 'openai'
import { expect, test, vi } from 'vitest'
import { clientOf, heldBytes, patient, scrape, testServer } from './test-server'

const clients = 32
/** Of an answer; who does not mean to stay for it asks for more. */
const tokensOf = ({ manner }: Pick<Client, 'manner'>) => (manner === 'stays' ? 10 : 60)
const prompts = [
  'The little fox was very hungry.',
  'Once upon a time',
  'A big red ball. A big red ball.',
  'The sun',
] as const

/** How a client behaves: it stays, or hangs up while it waits its turn, before its first token, or in the middle of the text. */
type Manner = 'stays' | 'leaves the queue' | 'leaves before the first token' | 'leaves amid the text'

interface Client {
  readonly seed: number
  readonly manner: Manner
  readonly stream: boolean
  readonly chat: boolean
  readonly strategy: string
  readonly prompt: string
  /** Milliseconds in the queue, or pieces of the text, after which it leaves. */
  readonly patience: number
}

/** What became of a client. `text` is null where it got no answer at all. */
interface Fate {
  readonly client: Client
  readonly text: string | null
  readonly complete: boolean
  readonly error: unknown
}

/** Mulberry32: the same crowd every time. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

function crowd(seed: number): readonly Client[] {
  const random = randomOf(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const leaving: readonly Manner[] = ['leaves the queue', 'leaves before the first token', 'leaves amid the text']
  const manners = Array.from({ length: clients }, (_, i): Manner => (i < 11 ? leaving[i % 3]! : 'stays'))
  const shuffled = manners.map((manner) => ({ manner, at: random() })).sort((a, b) => a.at - b.at)
  return shuffled.map(({ manner }, i) => ({
    manner,
    seed: 1000 + i,
    stream: manner === 'leaves amid the text' || random() < 0.5,
    chat: random() < 0.5,
    strategy: pick(['plain', 'lookup']),
    prompt: pick(prompts),
    patience: Math.floor(random() * 5),
  }))
}

test('32 clients at once, a third of them hanging up: no answer is lost, no session stays', async () => {
  const server = await testServer('--running', '4', '--waiting', '32')
  const { engine } = server.served
  const { backend } = engine
  const api = clientOf(server)
  const idle = backend.stats.liveBytes
  /** Seeds whose decoding has begun, and whom to tell of it. */
  const begun = new Set<number>()
  const onBegin = new Map<number, () => void>()
  const { generate } = engine
  vi.spyOn(engine, 'generate').mockImplementation((prompt, options) => {
    begun.add(options!.seed!)
    onBegin.get(options!.seed!)?.()
    return generate.call(engine, prompt, options)
  })

  const visit = async (client: Client): Promise<Fate> => {
    const { manner, patience, seed } = client
    const call = new AbortController()
    if (manner === 'leaves the queue') setTimeout(() => call.abort(), patience)
    if (manner === 'leaves before the first token') onBegin.set(seed, () => call.abort())
    let text: string | null = null
    let complete = false
    try {
      let pieces = 0
      for await (const { piece, end } of ask(api, client, call.signal)) {
        text = (text ?? '') + piece
        complete ||= end
        if (manner === 'leaves amid the text' && pieces++ === patience) {
          call.abort()
          break
        }
      }
      return { client, text, complete, error: null }
    } catch (error) {
      return { client, text, complete, error }
    }
  }

  const everybody = crowd(7)
  const fates = await Promise.all(everybody.map(visit))
  const number = (manner: Manner) => everybody.filter((client) => client.manner === manner).length
  await expect.poll(async () => (await scrape(server)).get('outrider_requests_running'), patient).toBe(0)
  await expect.poll(() => heldBytes(engine), patient).toBe(idle)
  const metrics = await scrape(server)
  vi.restoreAllMocks()

  for (const { client, text, complete, error } of fates) {
    const { manner, seed } = client
    if (manner === 'stays' || manner === 'leaves amid the text') {
      // Of a text that was broken off, what came is where it begins.
      const expected = await engine.complete(promptOf(client, engine.tokenizer!), {
        ...{ temperature: 1, seed, maxTokens: manner === 'stays' ? tokensOf(client) : 30 },
      })
      expect(error).toBeNull()
      expect(complete).toBe(manner === 'stays')
      expect(text).toBe(manner === 'stays' ? expected.text : expected.text.slice(0, text?.length))
    } else {
      expect(error).toBeInstanceOf(OpenAI.APIUserAbortError)
      expect(text).toBeNull()
    }
  }
  // Who left the queue in time was never decoded for.
  const queued = fates.filter(({ client }) => client.manner === 'leaves the queue' && !begun.has(client.seed)).length
  expect(queued).toBeGreaterThanOrEqual(3)
  expect(begun.size).toBe(clients - queued)
  const count = (end: string) =>
    ['plain', 'lookup']
      .map((strategy) => metrics.get(`outrider_generations_total{strategy="${strategy}",end="${end}"}`) ?? 0)
      .reduce((a, b) => a + b)
  expect(count('cancelled')).toBe(clients - number('stays') - queued)
  expect(count('length') + count('eos')).toBe(number('stays'))
  expect(count('failed')).toBe(0)
  expect(metrics.get('outrider_requests_waiting')).toBe(0)
  // It would be busy if a session still decoded with it.
  await engine.removeStrategy('lookup')
  await server.close()
  expect(backend.stats.liveBytes).toBe(0)
})

test('a server that ends ends its answers, and frees what they held', async () => {
  const server = await testServer('--running', '2')
  const { backend } = server.served.engine
  const api = clientOf(server)
  const client: Client = { ...crowd(1)[0]!, manner: 'leaves amid the text', stream: true }
  const reading = [1, 2, 3].map(async (seed) => {
    for await (const _ of ask(api, { ...client, seed }, new AbortController().signal));
  })
  const ends = Promise.allSettled(reading)
  await expect.poll(async () => (await scrape(server)).get('outrider_requests_waiting'), patient).toBe(1)
  await server.close()
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(backend.stats.liveBytes).toBe(0)
})

function promptOf({ chat, prompt }: Client, tokenizer: { encode(text: string, options?: object): readonly number[] }) {
  return chat ? tokenizer.encode(`<|end|>${prompt}`) : tokenizer.encode(prompt, { bos: true })
}

/** What a client asks, as pieces of text; a whole answer is one piece. */
async function* ask(api: OpenAI, client: Client, signal: AbortSignal) {
  const { seed, chat, stream, strategy, prompt } = client
  const shared = { model: 'stories-5m', max_tokens: tokensOf(client), seed, ...{ strategy } }
  const messages = [{ role: 'user' as const, content: prompt }]
  if (stream && chat)
    for await (const { choices } of await api.chat.completions.create(
      { ...shared, messages, stream: true },
      { signal },
    ))
      yield { piece: choices[0]?.delta.content ?? '', end: choices[0]?.finish_reason != null }
  else if (stream)
    for await (const { choices } of await api.completions.create({ ...shared, prompt, stream: true }, { signal }))
      yield { piece: choices[0]?.text ?? '', end: choices[0]?.finish_reason != null }
  else if (chat) {
    const { choices } = await api.chat.completions.create({ ...shared, messages }, { signal })
    yield { piece: choices[0]?.message.content ?? '', end: choices[0]?.finish_reason != null }
  } else {
    const { choices } = await api.completions.create({ ...shared, prompt }, { signal })
    yield { piece: choices[0]?.text ?? '', end: choices[0]?.finish_reason != null }
  }
}
