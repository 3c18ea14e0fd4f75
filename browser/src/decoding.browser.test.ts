import { join } from 'node:path'
import type { Engine } from '@outrider/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGreedy, checkSameTokens } from '../../verify/src/checks'
import { type ReferenceContext, readReference } from '../../verify/src/reference'
import { greedyReference } from './greedy-reference'
import type { Opened } from './page/commands'
import { writeQuantisedStories } from './quantised-stories'
import { openSite, type TestSite, type TestTab } from './test-page'

const stories = 'models/stories-5m'

let site: TestSite
/** What each arithmetic has to give. */
const expected = new Map<string, readonly ReferenceContext[]>()

beforeAll(async () => {
  site = await openSite({ gpu: true })
  const contexts = (await readReference(join(stories, 'reference.json'))).slice(0, 2)
  const quantised = join(site.made, 'stories-q8_0.gguf')
  await writeQuantisedStories(stories, quantised)
  expected.set('f32', contexts).set('i8', await greedyReference(quantised, 'i8', contexts, 48))
})

afterAll(() => site?.close())

/** Caches of f16 would turn over what i8 rounds, and with that more than near ties. */
const arithmetics = [
  { arithmetic: 'f32', cacheType: 'f16', model: 'models/stories-5m/' },
  { arithmetic: 'i8', cacheType: 'f32', model: 'made/stories-q8_0.gguf' },
] as const

describe.each(arithmetics)('stories-5m in a worker, arithmetic $arithmetic', ({ arithmetic, cacheType, model }) => {
  let tab: TestTab
  let opened: Opened
  let contexts: readonly ReferenceContext[]
  const known = new Map<string, ReturnType<TestTab['worker']['complete']>>()
  const decoder: Pick<Engine, 'complete'> = {
    complete: (prompt, options = {}) => {
      const key = JSON.stringify([prompt, options])
      const completion = known.get(key) ?? tab.worker.complete(prompt, options)
      known.set(key, completion)
      return completion
    },
  }

  beforeAll(async () => {
    contexts = expected.get(arithmetic) ?? []
    tab = await site.open()
    opened = await tab.worker.open({
      backend: { arithmetic, cacheType },
      model: `${site.server.url}/${model}`,
      heads: `${site.server.url}/models/stories-5m`,
      capacity: 128,
    })
  })

  afterAll(async () => {
    expect(await tab.worker.close()).toBe(0)
    await tab.close()
  })

  test('finds the device row-invariant, with subgroups and its clock', () => {
    expect(opened).toMatchObject({ exact: true, arithmetic, device: expect.stringContaining('swiftshader') })
    expect(opened.features).toEqual(expect.arrayContaining(['subgroups', 'timestamp-query']))
  })

  test('gives the greedy ids of the reference up to near ties: 2 contexts of 48 tokens', async () => {
    const { faults } = await checkGreedy(decoder, contexts, 48, 'near ties may differ')
    expect(faults).toEqual([])
  })

  test.each(['lookup', 'draft tree', 'eagle3 tree', 'medusa', 'mtp'])('gives the same tokens with %s', async (name) => {
    expect(opened.strategies).toContain(name)
    const prompts = contexts.map(({ promptIds }) => promptIds)
    const { faults } = await checkSameTokens(decoder, prompts, [name], 48)
    expect(faults).toEqual([])
    const options = { strategy: name, maxTokens: 48, ignoreEos: true }
    const drafted = await Promise.all(prompts.map((prompt) => decoder.complete(prompt, options)))
    expect(drafted.reduce((sum, { stats }) => sum + stats.accepted, 0)).toBeGreaterThan(0)
  })
})
