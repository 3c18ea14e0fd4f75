import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { Queue } from './queue'
import { clientOf, heldBytes, patient, scrape, testServer } from './test-server'

const stay = new AbortController().signal

test('lets in as many as may run, in the order in which they came', async () => {
  const queue = new Queue({ running: 2, waiting: 3 })
  const order: number[] = []
  const leave = await Promise.all([queue.enter(stay), queue.enter(stay)])
  const later = [2, 3, 4].map(async (i) => {
    const done = await queue.enter(stay)
    order.push(i)
    return done
  })
  expect([queue.running, queue.waiting]).toEqual([2, 3])
  await expect(queue.enter(stay)).rejects.toMatchObject({ status: 429, headers: { 'Retry-After': '2' } })
  leave[0]()
  // Giving a place back twice frees no second one.
  leave[0]()
  await later[0]
  expect([queue.running, queue.waiting, order]).toEqual([2, 2, [2]])
  leave[1]()
  for (const next of later) (await next)()
  expect([queue.running, queue.waiting, order]).toEqual([0, 0, [2, 3, 4]])
})

test('who hangs up while waiting makes room, and never takes a place', async () => {
  const queue = new Queue({ running: 1, waiting: 1 })
  const leave = await queue.enter(stay)
  const client = new AbortController()
  const waiting = queue.enter(client.signal)
  client.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
  expect(queue.waiting).toBe(0)
  await expect(queue.enter(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' })
  const next = queue.enter(stay)
  leave()
  ;(await next)()
  expect([queue.running, queue.waiting]).toEqual([0, 0])
})

test('a full server answers 429 and when to come again; the client that waits is served', async () => {
  const server = await testServer('--running', '1', '--waiting', '1')
  const { engine } = server.served
  const idle = engine.backend.stats.liveBytes
  const client = clientOf(server)
  const request = { model: 'stories-5m', prompt: 'The little fox', temperature: 0 }
  const running = await client.completions.create({ ...request, max_tokens: 140, stream: true })
  const chunks = running[Symbol.asyncIterator]()
  await chunks.next()
  const waiting = client.completions.create({ ...request, max_tokens: 4 })
  waiting.catch(() => {})
  await expect.poll(async () => (await scrape(server)).get('outrider_requests_waiting'), patient).toBe(1)
  const refused = await client.completions.create(request).catch((error) => error)
  expect(refused).toBeInstanceOf(OpenAI.RateLimitError)
  expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
  running.controller.abort()
  expect((await waiting).choices[0]?.text).toBe(
    (await server.served.engine.complete('The little fox', { maxTokens: 4 })).text,
  )
  await expect.poll(() => heldBytes(engine), patient).toBe(idle)
  await server.close()
})
