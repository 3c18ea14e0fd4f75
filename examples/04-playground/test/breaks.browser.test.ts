import { afterAll, beforeAll, expect, test } from 'vitest'
import { plain } from '../src/choice'
import { firstChoice } from '../src/embedded'
import { openPlayground, type PlaygroundSite, type PlaygroundTab } from './playground'

const sampled = { choice: firstChoice, prompt: '<|end|>A brave robot', maxTokens: 40, temperature: 0.8, seed: 5 }

let site: PlaygroundSite
let tab: PlaygroundTab
let undisturbed: readonly number[]

beforeAll(async () => {
  site = await openPlayground({ gpu: true })
  tab = await site.open(sampled, { expected: [/external Instance reference no longer exists/] })
  await tab.ready()
  await tab.run()
  await tab.ended()
  undisturbed = await tab.ids()
  expect(undisturbed).toHaveLength(40)
})

afterAll(() => site?.close())

test('stops within 200 ms of a token', async () => {
  await tab.follow({ choice: plain, maxTokens: 400 })
  const times: number[] = []
  // What else the machine does may hold up one of them.
  for (let i = 0; i < 3; i++) {
    await tab.run()
    times.push(
      await tab.page.evaluate(async () => {
        const until = (there: () => boolean) =>
          new Promise<void>((resolve) => {
            const observer = new MutationObserver(() => {
              if (!there()) return
              observer.disconnect()
              resolve()
            })
            observer.observe(document.body, { subtree: true, childList: true, attributes: true })
          })
        const running = () => document.querySelector('#ending')?.getAttribute('data-state') === 'running'
        await until(() => running() && document.querySelectorAll('.token').length >= 5)
        const token = performance.now()
        document.querySelector<HTMLButtonElement>('#stop')?.click()
        await until(() => !running())
        return performance.now() - token
      }),
    )
    expect(await tab.ended()).toBe('stopped')
    expect((await tab.ids()).length).toBeLessThan(400)
  }
  expect(Math.min(...times)).toBeLessThan(200)
})

test('a run that was stopped goes on with the text of the undisturbed one', async () => {
  await tab.follow(sampled)
  await tab.run()
  await tab.tokens(8)
  await tab.page.click('#stop')
  expect(await tab.ended()).toBe('stopped')
  const before = await tab.ids()
  expect(undisturbed.slice(0, before.length)).toEqual(before)
  expect(before.length).toBeLessThan(40)
  await tab.page.click('#go-on')
  await tab.tokens(40)
  expect(await tab.ended()).toBe('finished')
  expect(await tab.ids()).toEqual(undisturbed)
})

test('a killed GPU process ends in a message, and resuming gives the text of the undisturbed run', async () => {
  await tab.run()
  await tab.tokens(8)
  await site.browser.crashGpu()
  expect(await tab.ended()).toBe('lost')
  const before = await tab.ids()
  expect(before.length).toBeLessThan(40)
  expect(undisturbed.slice(0, before.length)).toEqual(before)
  const notice = await tab.page.waitForSelector('#device-lost')
  expect(await notice?.evaluate(({ textContent }) => textContent)).toMatch(/GPU device went away.*Resume/s)
  await tab.page.click('#resume')
  await tab.tokens(before.length + 3)
  await tab.page.click('#stop')
  expect(await tab.ended()).toBe('stopped')
  await tab.page.click('#go-on')
  await tab.tokens(40)
  expect(await tab.ended()).toBe('finished')
  expect(await tab.ids()).toEqual(undisturbed)
  expect(await tab.page.$('#device-lost')).toBe(null)
  expect(await tab.page.$eval('#ending', ({ textContent }) => textContent)).toContain('resumed with the same tokens')
  await tab.page.click('.token[data-at="39"]')
  expect(await tab.page.$eval('#round', ({ textContent }) => textContent)).toMatch(/to 40 of the text/)
})

test('another strategy loads on the device that a run was resumed and stopped on', async () => {
  await tab.follow({ ...sampled, choice: { strategy: 'medusa', options: { head: 'medusa' }, parts: [] } })
  await tab.run()
  expect(await tab.ended()).toBe('finished')
  expect(await tab.ids()).toEqual(undisturbed)
})

// A second crash of its GPU process; Chromium takes no notice of a third.
test('a device that is lost while nothing runs can be opened again', async () => {
  await site.browser.crashGpu()
  const again = await tab.page.waitForSelector('#device-lost button')
  await again?.click()
  await tab.ready()
  await tab.run()
  expect(await tab.ended()).toBe('finished')
  expect(await tab.ids()).toEqual(undisturbed)
})
