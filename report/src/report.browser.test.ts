import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { build } from 'esbuild'
import { JSDOM } from 'jsdom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, type WatchedBrowser } from '../../browser/src/launch-browser'
import { type FolderServer, serveFolder } from '../../browser/src/serve-folder'
import { comparison, drafting, strategyReport } from './fixture'
import { renderReport } from './render-report'

const axe: Promise<string> = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const hostile = '<img src="/stolen" onerror="alert(1)">'
const report = comparison({
  strategies: [
    strategyReport('plain'),
    drafting('lookup', 0.45),
    drafting('eagle3:nodes=15;depth=5;topK=4', 1.3),
    drafting(hostile, 0.9),
  ],
})
const facts = { measured: null, repeat: hostile, machine: [], versions: [] }

let folder: string
let server: FolderServer
let browser: WatchedBrowser

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-report-'))
  await writeFile(join(folder, 'report.html'), renderReport(report, facts))
  await writeFile(join(folder, 'live.html'), '<!doctype html><title>Live</title>')
  await build({
    stdin: { contents: "export * from './index'", resolveDir: import.meta.dirname },
    outfile: join(folder, 'report.js'),
    bundle: true,
    format: 'iife',
    globalName: 'outriderReport',
    platform: 'browser',
    logLevel: 'silent',
  })
  server = await serveFolder(folder)
  browser = await launchBrowser({ gpu: false })
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each([
  { width: 1280, scheme: 'light' },
  { width: 380, scheme: 'dark' },
])('a report at $width px, $scheme', ({ width, scheme }) => {
  test('fits, loads nothing, says nothing on the console and has no violation that axe-core finds', async () => {
    server.requests.length = 0
    const { page, close } = await browser.open(`${server.url}/report.html`, { viewport: { width, height: 800 } })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    expect(server.requests).toEqual(['GET /report.html'])
    const seen = await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
      const charts = [...document.querySelectorAll('figure svg')].map((svg) => svg.getBoundingClientRect().width)
      return {
        wide: document.documentElement.scrollWidth,
        charts,
        background: getComputedStyle(document.body).backgroundColor,
      }
    })
    expect(seen.wide).toBeLessThanOrEqual(width)
    expect(seen.charts).toHaveLength(4)
    for (const chart of seen.charts) expect(chart).toBeGreaterThan(280)
    expect(seen.background).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(22, 25, 29)')
    await page.evaluate(await axe)
    const { violations } = (await page.evaluate('axe.run()')) as AxeResults
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    await close()
  })
})

test('a browser writes the same report, and shows the same charts live', async () => {
  const { page, close } = await browser.open(`${server.url}/live.html`)
  await page.addScriptTag({ url: '/report.js' })
  const made = (await page.evaluate(`(() => {
    const { renderReport, reportCharts, chartFigure } = outriderReport
    const [report, facts] = ${JSON.stringify([report, facts]).replaceAll('<', '\\u003c')}
    document.body.append(...reportCharts(report).map((chart) => chartFigure(document, chart, { width: 400 })))
    return { html: renderReport(report, facts), live: document.querySelectorAll('figure svg').length }
  })()`)) as { readonly html: string; readonly live: number }
  expect(made.live).toBe(4)
  expect(words(made.html)).toEqual(words(await readFile(join(folder, 'report.html'), 'utf8')))
  expect(server.requests).not.toContain('GET /stolen')
  await close()
})

/** What is read, and how much is drawn: a browser moves drawings by half a pixel of its screen. */
function words(html: string) {
  const { document } = new JSDOM(html).window
  const svgs = [...document.querySelectorAll('svg')]
  for (const style of document.querySelectorAll('style')) style.remove()
  return {
    title: document.title,
    text: document.querySelector('main')?.textContent,
    drawn: svgs.map((svg) => [svg.getAttribute('aria-label'), svg.querySelectorAll('*').length]),
  }
}
