import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OpenRequest } from './page/commands'
import { openSite, type TestSite } from './test-page'

let site: TestSite
let request: Omit<OpenRequest, 'backend'>

beforeAll(async () => {
  site = await openSite({ gpu: true })
  request = { model: '/models/stories-5m/', heads: null, capacity: 64, selfCheck: false }
})

afterAll(() => site?.close())

/** What was asked for of the models since, after their path. */
function asked(): readonly string[] {
  const lines = site.server.requests.map((line) => line.replace('/models/stories-5m/', ''))
  site.server.requests.length = 0
  return lines.filter((line) => /safetensors|json|jinja/.test(line))
}

async function text(expected: readonly RegExp[] = []): Promise<string> {
  const { worker, close } = await site.open(expected)
  asked()
  await worker.open({ backend: {}, ...request })
  const completion = await worker.complete('<|end|>Once upon a time', { maxTokens: 8 })
  expect(await worker.close()).toBe(0)
  await close()
  return completion.text
}

test('weights are fetched once, kept in the Cache API, and serve the next tab', async () => {
  const first = await text()
  expect(asked()).toEqual(expect.arrayContaining(['HEAD model.safetensors', 'GET model.safetensors']))
  expect(await text()).toBe(first)
  expect(asked().filter((line) => /^GET .*(safetensors|tokenizer\.json)/.test(line))).toEqual([])
})

test('without a cache weights are fetched by ranges', async () => {
  const kept = request
  request = { ...request, cacheDir: null }
  await text()
  const ranges = asked().filter((line) => /^GET model\.safetensors bytes=\d+-\d+$/.test(line))
  expect(ranges.length).toBeGreaterThan(10)
  request = kept
})

test('what is not there, and a server that cannot be reached, are told by their codes', async () => {
  const { worker, close } = await site.open([/net::ERR_CONNECTION_REFUSED/])
  const open = (model: string) => worker.open({ backend: {}, ...request, model })
  await expect(open('/models/no-such-model/')).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('/models/no-such-model/'),
  })
  await expect(open('http://127.0.0.1:9/model/')).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining('cannot be reached'),
  })
  await close()
})

test('what is kept serves when the server is gone', async () => {
  const first = await text()
  const { worker, close } = await site.open([/net::ERR_CONNECTION_REFUSED/])
  expect(await worker.waiting()).toBe(false) // the worker has all of its code
  await site.server.close()
  await worker.open({ backend: {}, ...request })
  expect((await worker.complete('<|end|>Once upon a time', { maxTokens: 8 })).text).toBe(first)
  await worker.close()
  await close()
})
