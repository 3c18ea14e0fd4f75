import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Commands, Interrupted } from './page/commands'
import { openSite, type TestSite, type TestTab } from './test-page'

const prompt = '<|end|>Once upon a time'
const options = { strategy: 'lookup', maxTokens: 24, temperature: 0.8, seed: 3, ignoreEos: true }

let site: TestSite
let whole: string
let tab: TestTab

beforeAll(async () => {
  site = await openSite({ gpu: true })
  const { worker, close } = await site.open()
  await open(worker)
  whole = (await worker.complete(prompt, options)).text
  await worker.close()
  await close()
})

beforeEach(async () => {
  tab = await site.open([/external Instance reference no longer exists/])
  return () => tab.close()
})

afterAll(() => site?.close())

async function open(commands: Commands): Promise<void> {
  await commands.open({
    backend: {},
    model: `${site.server.url}/models/stories-5m/`,
    heads: `${site.server.url}/models/stories-5m`,
    capacity: 64,
    maxRows: 16,
    selfCheck: false,
  })
}

/** Goes on with another engine on another device, and looks at the text. */
async function resumed(commands: Commands, { text, code, message, checkpoint }: Interrupted): Promise<void> {
  expect({ code, message }).toEqual({
    code: 'DEVICE_LOST',
    message: expect.stringMatching(/open a new backend.*resume/),
  })
  expect(text.length).toBeGreaterThan(0)
  expect(whole.startsWith(text)).toBe(true)
  await commands.close()
  await open(commands)
  expect(text + (await commands.resume(checkpoint)).text).toBe(whole)
  expect(await commands.close()).toBe(0)
}

test.each(['worker', 'thread'] as const)(
  'a destroyed device ends a text that resumes on a new one: %s',
  async (where) => {
    const commands = tab[where]
    await open(commands)
    await resumed(commands, await commands.generateUntilLost(prompt, options, 8, 'destroy'))
  },
)

test('a killed GPU process ends a text that resumes on a new device, in two tabs at once', async () => {
  const other = await site.open([/external Instance reference no longer exists/])
  const tabs = [tab, other]
  await Promise.all(tabs.map(({ worker }) => open(worker)))
  const generations = tabs.map(({ worker }) => worker.generateUntilLost(prompt, options, 8, 'wait'))
  for (const { worker } of tabs) await expect.poll(() => worker.waiting(), { timeout: 60_000 }).toBe(true)
  await site.browser.crashGpu()
  for (const [i, generation] of generations.entries()) await resumed(tabs[i]!.worker, await generation)
  await other.close()
})
