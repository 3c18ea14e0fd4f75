import { afterAll, beforeAll, expect, test } from 'vitest'
import { readReference } from '../../../verify/src/reference'
import { openPlayground, type PlaygroundSite } from './playground'

let site: PlaygroundSite

beforeAll(async () => {
  site = await openPlayground({ gpu: false })
})

afterAll(() => site?.close())

test('without an adapter the page says why and what to do, and tells the story on the reference backend', async () => {
  const [, context] = await readReference('models/stories-5m/reference.json')
  const lookup = { strategy: 'lookup', options: {}, parts: [] }
  const tab = await site.open(
    { prompt: context!.text, maxTokens: 16, choice: lookup },
    { expected: [/Failed to create WebGPU Context Provider/] },
  )
  const told = await tab.page.waitForSelector('#no-adapter')
  expect(await told?.evaluate(({ textContent }) => textContent)).toMatch(
    /No GPU.*processor.*hardware acceleration.*chrome:\/\/gpu.*no WebGPU/s,
  )
  await tab.ready()
  expect(await tab.page.$eval('#device-facts', ({ textContent }) => textContent)).toContain('reference')
  await tab.run()
  expect(await tab.ended()).toBe('finished')
  expect(await tab.ids()).toEqual(context!.greedyIds.slice(0, 16))

  await tab.follow({ prompt: context!.text, maxTokens: 400, choice: lookup })
  await tab.run()
  await tab.tokens(2)
  await tab.page.click('#stop')
  expect(await tab.ended()).toBe('stopped')
  expect((await tab.ids()).length).toBeLessThan(400)
  await tab.close()
})
