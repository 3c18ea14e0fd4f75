import { afterAll, expect, test } from 'vitest'
import { clientOf, patient, scrape, testServer } from './test-server'

const server = await testServer()
const { engine } = server.served
afterAll(() => server.close())
const client = clientOf(server)
const said = 'The big red ball. The big red ball. The big red ball.'
const request = { model: 'stories-5m', prompt: said, temperature: 0, max_tokens: 14 }
const label = '{model_name="stories-5m",engine="0"}'
const at = (position: number) => `{model_name="stories-5m",engine="0",position="${position}"}`
const lookup = '{strategy="lookup"}'

/** What changed from one scrape to the next. */
async function changed(work: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = await scrape(server)
  await work()
  const after = await scrape(server)
  return (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
}

test('are those of the generations, by vLLM’s names and ours', async () => {
  const { stats, usage } = await engine.complete(said, { strategy: 'lookup', maxTokens: 14 })
  expect(stats.acceptedByDepth.length).toBeGreaterThan(1)
  const by = await changed(() => client.completions.create({ ...request, n: 2 }))
  expect(by(`vllm:spec_decode_num_drafts_total${label}`)).toBe(2 * stats.drafts)
  expect(by(`vllm:spec_decode_num_draft_tokens_total${label}`)).toBe(2 * stats.evaluated)
  expect(by(`vllm:spec_decode_num_accepted_tokens_total${label}`)).toBe(2 * stats.accepted)
  for (const [position, count] of stats.acceptedByDepth.entries())
    expect(by(`vllm:spec_decode_num_accepted_tokens_per_pos_total${at(position)}`)).toBe(2 * count)
  expect(by(`outrider_rounds_total${lookup}`)).toBe(2 * stats.rounds)
  expect(by(`outrider_submits_total${lookup}`)).toBe(2 * stats.submits)
  expect(by(`outrider_reads_total${lookup}`)).toBe(2 * stats.reads)
  expect(by(`outrider_prefilled_tokens_total${lookup}`)).toBe(2 * (usage.promptTokens - 1))
  expect(by('outrider_tokens_total{strategy="lookup",by="lookup"}')).toBe(2 * stats.accepted)
  expect(by('outrider_tokens_total{strategy="lookup",by="target"}')).toBe(2 * (stats.tokens - stats.accepted))
  expect(by('outrider_generations_total{strategy="lookup",end="length"}')).toBe(2)
  expect(by('outrider_requests_total{path="/v1/completions",status="200"}')).toBe(1)
  expect(by('outrider_request_seconds_count{path="/v1/completions"}')).toBe(1)
  expect(by('outrider_first_token_seconds_count{path="/v1/completions"}')).toBe(1)
  expect(by('outrider_seconds_total{strategy="lookup",phase="prefill"}')).toBeGreaterThan(0)
})

test('plain decoding drafts nothing; refused requests count by their status', async () => {
  const by = await changed(async () => {
    await client.completions.create({ ...request, ...{ strategy: 'plain' } })
    await client.completions.create({ ...request, model: 'gpt-9' }).catch(() => {})
  })
  expect(by(`vllm:spec_decode_num_drafts_total${label}`)).toBe(0)
  expect(by('outrider_rounds_total{strategy="plain"}')).toBe(14)
  expect(by('outrider_requests_total{path="/v1/completions",status="404"}')).toBe(1)
})

test('what was done for a client that hung up counts', async () => {
  const by = await changed(async () => {
    const stream = await client.completions.create({ ...request, max_tokens: 100, stream: true })
    let chunks = 0
    for await (const _ of stream) if (++chunks === 4) break
    const ended = 'outrider_generations_total{strategy="lookup",end="cancelled"}'
    await expect.poll(async () => (await scrape(server)).get(ended), patient).toBe(1)
  })
  expect(by(`outrider_rounds_total${lookup}`)).toBeGreaterThanOrEqual(4)
  expect(by(`vllm:spec_decode_num_drafts_total${label}`)).toBeGreaterThan(0)
})

test('tell what is going on now', async () => {
  const stream = await client.completions.create({ ...request, max_tokens: 100, stream: true })
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  const during = await scrape(server)
  stream.controller.abort()
  const bytes = 'outrider_device_bytes'
  await expect.poll(async () => (await scrape(server)).get('outrider_requests_running'), patient).toBe(0)
  const after = await scrape(server)
  expect(during.get('outrider_requests_running')).toBe(1)
  expect(after.get(bytes)).toBe(engine.backend.stats.liveBytes)
  expect(during.get(bytes)).toBeGreaterThan(after.get(bytes) as number)
})
