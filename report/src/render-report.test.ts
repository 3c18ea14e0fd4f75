import { JSDOM } from 'jsdom'
import { describe, expect, test } from 'vitest'
import type { ReportFacts } from './facts'
import { baselineReport, comparison, drafting, strategyReport, withBaseline } from './fixture'
import { renderReport } from './render-report'

const facts: ReportFacts = {
  measured: '2026-11-24T20:00:00.000Z',
  repeat: "pnpm compare --strategies 'lookup,eagle3'",
  machine: [{ name: 'Processor', value: '2 × a processor' }],
  versions: [{ name: 'Node', value: 'v20.20.2' }],
}

const read = (html: string) => new JSDOM(html).window.document

describe('a report', () => {
  const html = renderReport(comparison(), facts)
  const document = read(html)

  test('says in its first line what is slower', () => {
    const first = document.querySelector('main')?.firstElementChild
    expect(first?.tagName).toBe('H1')
    expect(first?.textContent).toBe('Slower than plain decoding: lookup (0.45×); faster: eagle3 (1.30×).')
  })

  test('has four charts, each with a label, a note and its numbers', () => {
    const charts = [...document.querySelectorAll('figure.outrider-chart')]
    expect(charts.map((chart) => chart.id)).toEqual([
      'chart-speed-up',
      'chart-acceptance',
      'chart-verify-cost',
      'chart-round-time',
    ])
    for (const chart of charts) {
      expect(chart.querySelector('svg[role=img]')?.getAttribute('aria-label')).toMatch(/\d/)
      expect(chart.querySelector('figcaption')?.textContent).not.toBe('')
      expect(chart.querySelectorAll('tbody tr').length).toBeGreaterThan(1)
    }
    const drawn = charts[0]?.querySelector('svg')?.textContent
    expect(drawn).toContain('0.45× slower')
    expect(drawn).toContain('1.30× faster')
    const cost = [...document.querySelectorAll('#chart-verify-cost tbody td')].map((cell) => cell.textContent)
    expect(cost).toEqual(['2.00', '1.00', '2.10', '1.05', '2.40', '1.20', '3.00', '1.50'])
  })

  test('tells machine, versions, command and device', () => {
    const text = document.querySelector('main')?.textContent
    for (const { value } of [...facts.machine, ...facts.versions]) expect(text).toContain(value)
    for (const part of [facts.repeat, facts.measured, 'a card', 'subgroups', 'Same text']) expect(text).toContain(part)
  })

  test('loads nothing and runs nothing', () => {
    expect(document.querySelectorAll('script, img, iframe, link[href]:not([rel=icon])').length).toBe(0)
    expect(html).not.toMatch(/(?:src|href)="(?!data:)|url\(|@import/)
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toContain("default-src 'none'")
  })
})

describe('a report with baselines', () => {
  const document = read(renderReport(withBaseline('plain in f16'), facts))
  const cells = (row: Element) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent)

  test('has them right below plain, and a column against the fastest', () => {
    const table = document.querySelector('[aria-label="Speed and text"]')
    const rows = [...(table?.querySelectorAll('tr') ?? [])].map(cells)
    expect(rows.map(([name]) => name)).toEqual(['strategy', 'plain', 'plain in f16', 'lookup', 'eagle3', 'mtp'])
    expect(rows[0]?.slice(1, 5)).toEqual(['against plain', 'middle half', 'against plain in f16', 'middle half'])
    expect(rows[2]?.slice(1, 6)).toEqual(['1.50× faster', '1.35–1.65', '–', '–', '60.0'])
    expect(rows[2]?.at(-1)).toBe('not compared')
    expect(rows[4]?.slice(1, 5)).toEqual(['1.30× faster', '1.17–1.43', '0.87× slower', '0.78–0.96'])
    expect(table?.querySelectorAll('td:last-child.number').length).toBe(0)
  })

  test('marks what is slower than the fastest plain decoding', () => {
    const items = [...document.querySelectorAll('.verdicts li')]
    const names = (all: readonly Element[]) => all.map((item) => item.firstChild?.textContent)
    expect(names(items)).toEqual(['plain', 'plain in f16', 'lookup', 'eagle3', 'mtp'])
    expect(names(items.filter((item) => item.querySelector('.slower')))).toEqual(['plain', 'lookup', 'eagle3'])
  })

  test('draws their speed and tells how they compute', () => {
    const drawn = document.querySelector('#chart-speed-up svg')?.getAttribute('aria-label')
    expect(drawn).toMatch(/plain in f16 1\.50× faster/)
    expect(document.querySelector('dl')?.textContent).toContain(
      'Baseline plain in f16webgpu, arithmetic f16, cache f16',
    )
  })

  test('has no such column where plain is the fastest', () => {
    const report = comparison({ fastestPlain: 'plain', baselines: [baselineReport('plain in f16', 0.8)] })
    const table = read(renderReport(report, facts)).querySelector('[aria-label="Speed and text"]')
    expect(table?.querySelectorAll('thead th').length).toBe(8)
    expect(table?.querySelectorAll('tbody tr').length).toBe(4)
  })
})

test('what the data lack is left out with a word why', () => {
  const bare = { phasesMs: null }
  const strategies = [strategyReport('plain', bare), drafting('lookup', 0.45, bare)]
  const document = read(
    renderReport(comparison({ cost: null, strategies }), { measured: null, repeat: null, machine: [], versions: [] }),
  )
  for (const [id, why] of [
    ['verify-cost', '--cost'],
    ['round-time', 'no round was timed'],
  ]) {
    const chart = document.querySelector(`#chart-${id}`)
    expect(chart?.querySelector('svg')).toBeNull()
    expect(chart?.textContent).toContain(why)
  }
  expect(document.querySelector('main')?.textContent).toContain('The command was not written down')
})

test('a comparison of plain decoding alone, or of strategies that all failed, is a report too', () => {
  const failed = strategyReport('medusa', {
    failed: { code: null, message: 'lost', prompt: 0 },
    tokensPerSecond: null,
    roundMs: null,
    phasesMs: null,
    firstTokenMs: null,
  })
  for (const strategies of [[strategyReport('plain')], [strategyReport('plain'), failed]])
    expect(read(renderReport(comparison({ strategies }), facts)).querySelectorAll('figure').length).toBe(4)
})

test.each([
  '<script>alert(1)</script>',
  '</title></style><img src=x onerror=alert(1)>',
  '" onload="alert(1)" x="',
  "'&lt;b&gt;'&amp;",
  ']]><svg onload=alert(1)>',
  '</pre></main><!--',
])('names, prompts and facts that look like markup stay text: %s', (hostile) => {
  const plain = strategyReport('plain', {
    categories: { [hostile]: { prompts: 2, speedUp: null, meanAcceptanceLength: 1 } },
  })
  const slow = drafting(hostile, 0.5, {
    identical: false,
    difference: { prompt: 0, position: 0, plain: 1, found: 2 },
    categories: { [hostile]: { prompts: 2, speedUp: 0.5, meanAcceptanceLength: 1.9 } },
  })
  const lost = strategyReport(`${hostile}2`, { failed: { code: null, message: hostile, prompt: 0 } })
  const harmless = comparison()
  const report = comparison({
    title: hostile,
    environment: { ...harmless.environment, device: hostile, features: [hostile] },
    settings: { ...harmless.settings, acceptance: hostile },
    prompts: harmless.prompts.map((prompt) => ({ ...prompt, name: hostile, category: hostile })),
    strategies: [plain, slow, lost],
    fastestPlain: `${hostile}3`,
    baselines: [baselineReport(`${hostile}3`, 2, { environment: { ...harmless.environment, device: `${hostile}4` } })],
  })
  const fact = { name: hostile, value: hostile }
  const html = renderReport(report, { measured: hostile, repeat: hostile, machine: [fact], versions: [fact] })
  const document = read(html)
  expect(document.querySelectorAll('script, img, iframe, [onload], [onerror]').length).toBe(0)
  expect(document.querySelectorAll('style').length).toBe(1 + document.querySelectorAll('svg style').length)
  expect(document.querySelector('pre')?.textContent).toBe(hostile)
  expect(document.querySelector('title')?.textContent).toContain(hostile)
  expect(document.querySelector('#chart-speed-up svg')?.getAttribute('aria-label')).toContain(hostile)
  const names = [...document.querySelectorAll('.verdicts strong')].map((name) => name.textContent)
  expect(names).toEqual(['plain', `${hostile}3`, hostile, `${hostile}2`])
})
