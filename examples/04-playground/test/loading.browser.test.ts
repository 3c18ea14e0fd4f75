import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElementHandle } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StrategyChoice } from '../src/choice'
import { openPlayground, type PlaygroundSite, type PlaygroundTab } from './playground'
import { type SlowServer, slowServer } from './slow-server'

const stories = join(import.meta.dirname, '../../../models/stories-5m')
const medusa: StrategyChoice = { strategy: 'medusa', options: { head: 'medusa' }, parts: [] }
const short = { choice: medusa, prompt: '<|end|>A brave robot', maxTokens: 16 }

let site: PlaygroundSite
let slow: SlowServer
let picked: string

beforeAll(async () => {
  site = await openPlayground({ gpu: true })
  slow = await slowServer(stories)
  picked = await mkdtemp(join(tmpdir(), 'outrider-picked-'))
})

afterAll(async () => {
  await site?.close()
  await slow?.close()
  await rm(picked, { recursive: true, force: true })
})

test('a reload is served from the cache', async () => {
  const tab = await site.open(short)
  await tab.ready()
  expect(site.server.requests).toContain('GET /stories-5m/model.safetensors')
  await tab.run()
  await tab.ended()
  const before = await tab.ids()
  site.server.requests.length = 0
  await tab.page.reload({ waitUntil: 'load' })
  await tab.ready()
  await tab.run()
  await tab.ended()
  expect(await tab.ids()).toEqual(before)
  expect(site.server.requests).toContain('HEAD /stories-5m/model.safetensors')
  expect(site.server.requests.filter((line) => /^GET .*(safetensors|tokenizer\.json)/.test(line))).toEqual([])
  await tab.close()
})

test('two tabs at once do not disturb each other', async () => {
  const all = [short, { ...short, prompt: '<|end|>The queen', temperature: 0.8, seed: 3 }]
  const tabs = await Promise.all(all.map((settings) => site.open(settings)))
  const alone: (readonly number[])[] = []
  for (const tab of tabs) {
    await tab.ready()
    await tab.run()
    expect(await tab.ended()).toBe('finished')
    alone.push(await tab.ids())
  }
  await Promise.all(tabs.map((tab) => tab.run()))
  expect(await Promise.all(tabs.map((tab) => tab.ended()))).toEqual(['finished', 'finished'])
  expect(await Promise.all(tabs.map((tab) => tab.ids()))).toEqual(alone)
  await Promise.all(tabs.map((tab) => tab.close()))
})

test('a model of a URL loads with progress in bytes, which can be cancelled and tried again', async () => {
  const tab = await site.open({ ...short, model: `${slow.url}/` })
  const words = () => tab.page.$eval('#loading', ({ textContent }) => textContent ?? '').catch(() => '')
  await expect.poll(words, { timeout: 30_000 }).toMatch(/model\.safetensors: [1-9][\d.]* MB of 9\.8 MB/)
  await tab.page.click('#loading button')
  const told = await tab.page.waitForSelector('#load-failed')
  expect(await told?.evaluate(({ textContent }) => textContent)).toContain('Loading was cancelled')
  slow.delay = 0
  await tab.page.click('#load-failed button')
  await tab.ready()
  await tab.run()
  expect(await tab.ended()).toBe('finished')
  expect((await tab.ids()).length).toBe(16)
  await tab.close()
})

test('what is not there is told with what to do, and the embedded model loads after it', async () => {
  const tab = await site.open({ model: './no-such-model/' })
  const told = await tab.page.waitForSelector('#load-failed')
  expect(await told?.evaluate(({ textContent }) => textContent)).toMatch(/no-such-model.*FILE_NOT_FOUND/)
  await tab.follow({})
  await tab.ready()
  await tab.close()
})

test('a folder picked from disk loads with its heads, chats by its template, and is asked for again by the link', async () => {
  const folder = join(picked, 'chatty')
  await mkdir(join(folder, 'medusa'), { recursive: true })
  for (const file of [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'medusa/config.json',
    'medusa/medusa_lm_head.safetensors',
  ])
    await copyFile(join(stories, file), join(folder, file))
  const template = "<|end|>{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
  await writeFile(join(folder, 'chat_template.jinja'), template)
  const tab = await site.open({ maxTokens: 12 })
  await tab.ready()
  await tab.page.click('.another summary')
  const field = (await tab.page.$('#model-folder')) as ElementHandle<HTMLInputElement>
  await field.uploadFile(folder)
  await tab.page.waitForFunction(() => document.querySelector('.loaded')?.textContent?.includes('chatty'))
  await tab.ready()
  // The model has no EAGLE head: a strategy that it can have takes its place.
  expect(await tab.page.$eval('#strategy', (field) => (field as HTMLSelectElement).value)).not.toBe('eagle')
  await tab.page.select('#strategy', 'medusa')
  expect(await tab.page.$eval('#strategy-head', (field) => (field as HTMLInputElement).value)).toBe('medusa')
  for (const question of ['A fox met a hen.', 'Then a cat came.']) {
    await tab.page.type('#prompt', question)
    await tab.run()
    expect(await tab.ended()).toBe('finished')
  }
  const turns = await tab.page.$$eval('.turn', (all) => all.map((turn) => turn.textContent))
  expect(turns).toEqual(['A fox met a hen.', expect.stringMatching(/\w/), 'Then a cat came.'])
  const link = tab.page.url()
  expect(await compared(tab)).toMatch(/same text.*1 prompt, 2 tokens/is)
  const again = await site.open(link)
  const asked = await again.page.waitForSelector('#pick-folder')
  expect(await asked?.evaluate(({ textContent }) => textContent)).toContain('chatty')
  await again.close()
  await tab.close()
})

/** Compares two tokens of one prompt in the second tab, and gives the verdict on the texts. */
async function compared({ page }: PlaygroundTab): Promise<string> {
  await page.click('#tab-compare')
  for (const [field, text] of [
    ['#compare-prompts', 'A fox'],
    ['#compare-tokens', '2'],
  ] as const) {
    await page.$eval(field, (element) => (element as HTMLInputElement).select())
    await page.type(field, text)
  }
  await page.click('#compare-cost')
  await page.click('#compare')
  const verdict = await page.waitForSelector('#equality', { timeout: 60_000 })
  return (await verdict?.evaluate(({ textContent }) => textContent)) ?? ''
}
