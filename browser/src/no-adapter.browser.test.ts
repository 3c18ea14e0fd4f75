import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReference } from '../../verify/src/reference'
import { openSite, type TestSite } from './test-page'

let site: TestSite

beforeAll(async () => {
  site = await openSite({ gpu: false })
})

afterAll(() => site?.close())

test.each(['worker', 'thread'] as const)('without an adapter the error says what to do, in the %s', async (where) => {
  const tab = await site.open([/Failed to create WebGPU Context Provider/])
  const request = { model: '/models/stories-5m/', heads: null, capacity: 64 }
  await expect(tab[where].open({ backend: {}, ...request })).rejects.toMatchObject({
    code: 'ADAPTER_MISSING',
    message: expect.stringMatching(/hardware acceleration.*referenceBackend\(\)/s),
  })
  await tab.close()
})

test('the reference backend tells the story in a worker all the same, exactly', async () => {
  const [context] = await readReference('models/stories-5m/reference.json')
  const { worker, close } = await site.open()
  const model = { model: '/models/stories-5m/', heads: '/models/stories-5m', selfCheck: false }
  await worker.open({ backend: 'reference', capacity: 64, maxRows: 16, ...model })
  for (const strategy of ['plain', 'lookup']) {
    const { ids } = await worker.complete(context!.promptIds, { strategy, maxTokens: 24, ignoreEos: true })
    expect({ strategy, ids }).toEqual({ strategy, ids: context!.greedyIds.slice(0, 24) })
  }
  expect(await worker.close()).toBe(0)
  await close()
})
