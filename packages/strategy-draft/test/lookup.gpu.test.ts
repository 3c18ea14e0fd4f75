import type { Backend } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviceLookup, hostLookup, randomTexts } from './lookups'

let backend: Backend

beforeAll(async () => {
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

test.each(randomTexts().map((each) => ({ ...each, length: each.tokens.length })))(
  'a lookup of $options.minNgram to $options.maxNgram tokens in a text of $length finds on the device what it finds on the host',
  async ({ tokens, options }) => {
    expect(await deviceLookup(backend, options, tokens)).toEqual(await (await hostLookup(options, tokens)).propose())
  },
)
