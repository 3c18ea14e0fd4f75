import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type TestSite } from './test-page'

let site: TestSite

beforeAll(async () => {
  site = await openSite({ gpu: true })
})

afterAll(() => site?.close())

test('the WebGPU backend conforms in a browser', async () => {
  const { worker, close } = await site.open()
  const faults = Object.entries(await worker.backendFaults())
  expect(faults.length).toBeGreaterThan(5)
  expect(faults.filter(([, fault]) => fault !== null)).toEqual([])
  await close()
})
