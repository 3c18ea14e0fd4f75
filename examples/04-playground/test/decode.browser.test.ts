import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { plain, type StrategyChoice } from '../src/choice'
import { firstChoice } from '../src/embedded'
import { openPlayground, type PlaygroundSite, type PlaygroundTab } from './playground'

const steps = 48
/** Steps whose reference margin is under so many nats may fall either way. */
const nearTie = 0.02
const medusa: StrategyChoice = { strategy: 'medusa', options: { head: 'medusa' }, parts: [] }

let site: PlaygroundSite
let tab: PlaygroundTab
let contexts: readonly ReferenceContext[]
const plainIds = new Map<string, readonly number[]>()

beforeAll(async () => {
  const all = await readReference('models/stories-5m/reference.json')
  contexts = [1, 3].flatMap((place) => all[place] ?? [])
  site = await openPlayground({ gpu: true })
  tab = await site.open()
  await tab.ready()
})

afterAll(() => site?.close())

test('says which device computes, with which features and arithmetic, and what it holds', async () => {
  const facts = await tab.page.$eval('#device-facts', (list) => list.textContent ?? '')
  expect(facts).toMatch(/swiftshader.*webgpu.*subgroups.*timestamp-query.*f32, cache f16.*\d+\.\d MB.*yes/s)
})

describe.each([
  { name: 'plain decoding', choice: plain },
  { name: 'EAGLE-3 (tree)', choice: firstChoice },
  { name: 'Medusa', choice: medusa },
])('$name', ({ choice }) => {
  test(`gives ${steps} ids of two reference contexts up to near ties, those of plain decoding exactly`, async () => {
    for (const { text, greedyIds, greedyMargin } of contexts) {
      await tab.follow({ choice, prompt: text, maxTokens: steps })
      await tab.run()
      expect(await tab.ended()).toBe('finished')
      const ids = await tab.ids()
      expect(ids).toHaveLength(steps)
      const other = ids.findIndex((id, place) => id !== greedyIds[place])
      if (other >= 0) expect(greedyMargin[other]).toBeLessThan(nearTie)
      if (choice === plain) plainIds.set(text, ids)
      expect(ids).toEqual(plainIds.get(text))
    }
  })

  test('marks who spoke, and opens the round of a token', async () => {
    const marks = await tab.page.$$eval('.token', (all) => all.map((token) => token.getAttribute('data-by')))
    const drafted = marks.findIndex((by) => by !== '')
    expect(marks.filter((by) => by === '').length).toBeGreaterThan(0)
    expect(drafted >= 0).toBe(choice !== plain)
    await tab.page.click(`.token[data-at="${Math.max(0, drafted)}"]`)
    const round = await tab.page.$eval('#round', (panel) => ({
      text: panel.textContent ?? '',
      kept: panel.querySelectorAll('li.kept').length,
      dropped: panel.querySelectorAll('li.dropped').length,
      likely: [...panel.querySelectorAll('.likely')].map(({ textContent }) => textContent ?? ''),
    }))
    expect(round.text).toMatch(/draft[\d.]+ msverify[\d.]+ mshost[\d.]+ ms/)
    expect(round.kept > 0).toBe(choice !== plain)
    expect(round.likely).toHaveLength(round.kept + round.dropped)
    for (const share of round.likely) expect(share).toMatch(/^(<0\.1|\d+(\.\d)?) %$/)
    if (choice === firstChoice) expect(round.likely).toHaveLength(15)
    const counts = await tab.page.$eval('#counts', ({ textContent }) => textContent ?? '')
    expect(counts).toMatch(/tokens\/s[\d.]+acceptance length[\d.]+tokens48rounds\d+submits\d+reads\d+/)
  })
})

test('the address is a link that repeats a drawn text', async () => {
  await tab.follow({ choice: firstChoice, prompt: '<|end|>A brave robot', maxTokens: 16, temperature: 0.9 })
  await tab.run()
  await tab.ended()
  const drawn = await tab.ids()
  const link = tab.page.url()
  expect(link).toMatch(/seed=\d+/)
  const again = await site.open(link)
  await again.ready()
  await again.run()
  await again.ended()
  expect(await again.ids()).toEqual(drawn)
  expect(new Set(drawn).size).toBeGreaterThan(5)
  await again.close()
})
