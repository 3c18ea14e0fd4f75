import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompareReport } from '@outrider/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { violations } from './axe'
import { openPlayground, type PlaygroundSite, type PlaygroundTab } from './playground'
import { screenshot } from './screenshot'

let site: PlaygroundSite
let tab: PlaygroundTab
let downloads: string

beforeAll(async () => {
  downloads = await mkdtemp(join(tmpdir(), 'outrider-downloads-'))
  site = await openPlayground({ gpu: true })
  tab = await site.open({}, { viewport: { width: 1200, height: 820 } })
  const session = await tab.page.createCDPSession()
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads })
  await tab.ready()
  await tab.page.click('#tab-compare')
  await fill('#compare-prompts', '<|end|>The queen gave the baker a gold coin\n<|end|>"Look!" said the boy.')
  await fill('#compare-tokens', '16')
})

afterAll(async () => {
  await site?.close()
  await rm(downloads, { recursive: true, force: true })
})

async function fill(selector: string, text: string): Promise<void> {
  await tab.page.$eval(selector, (field) => (field as HTMLInputElement).select())
  await tab.page.type(selector, text)
}

const words = (selector: string) => tab.page.$eval(selector, ({ textContent }) => textContent ?? '')

test('a comparison tells how far it is, and can be cancelled', async () => {
  await tab.page.click('#compare')
  await expect.poll(() => words('#results'), { timeout: 60_000 }).toMatch(/[1-9]\d* of 8 runs/)
  await tab.page.click('#cancel-compare')
  await tab.page.waitForSelector('#results[data-state="failed"]')
  expect(await words('#results')).toBe('Cancelled.')
})

test('shows speed with its spread, acceptance by position, v(m), and in words whether the texts are equal', async () => {
  await tab.page.click('#compare')
  await tab.page.waitForSelector('#results[data-state="done"] figure svg', { timeout: 100_000 })
  expect(await words('#speed-verdict')).toMatch(/(faster|slower|as fast).*plain decoding/i)
  expect(await words('#equality')).toMatch(/same text.*exactly the tokens of plain decoding.*2 prompts, 16 tokens/is)
  const charts = await tab.page.$$eval('figure', (all) =>
    all.map((figure) => ({ text: figure.textContent ?? '', width: figure.querySelector('svg')?.clientWidth ?? 0 })),
  )
  const titles = [/speed/, /Acceptance by position/, /What verifying costs/, /Where a round’s time goes/]
  expect(charts).toHaveLength(titles.length)
  for (const [i, title] of titles.entries()) expect(charts[i]?.text).toMatch(title)
  for (const { width } of charts) expect(width).toBeGreaterThan(280)
  expect(await violations(tab.page)).toEqual([])
  await screenshot(tab.page, 'compare')
})

test('gives its results as JSON and as a report that stands for itself', async () => {
  await tab.page.click('#download-json')
  await tab.page.click('#download-html')
  const file = (name: string) => readFile(join(downloads, name), 'utf8').catch(() => '')
  await expect.poll(() => file('comparison.json')).toMatch(/\}$/)
  await expect.poll(() => file('comparison.html')).toMatch(/<\/html>\s*$/)
  const report = JSON.parse(await file('comparison.json')) as CompareReport
  expect(report.strategies.map(({ strategy, identical }) => [strategy, identical])).toEqual([
    ['plain', true],
    ['eagle3 nodes=15 depth=4 topK=4', true],
    ['medusa', true],
    ['lookup', true],
  ])
  const { page, close } = await site.browser.open(`file://${join(downloads, 'comparison.html')}`)
  expect(await page.$eval('main', ({ textContent }) => textContent)).toContain(await words('#speed-verdict'))
  expect(await page.$$('figure svg')).toHaveLength(4)
  expect(await page.$eval('main', ({ textContent }) => textContent)).toContain(tab.page.url())
  await close()
})

test('the address is a link that begins with the same comparison', async () => {
  const again = await site.open(tab.page.url())
  await again.ready()
  const fields = ['#compare-prompts', '#compare-tokens']
  const values = (page: typeof tab.page) =>
    Promise.all(fields.map((field) => page.$eval(field, (element) => (element as HTMLInputElement).value)))
  expect(await values(again.page)).toEqual(await values(tab.page))
  expect(await again.page.$eval('#compare', (button) => button.checkVisibility())).toBe(true)
  await again.close()
})
