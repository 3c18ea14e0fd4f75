import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { blur, writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, lookup } from '../src'

const target = await writeTinyModel({ seed: 3 })
const near = await writeTinyModel({ seed: 3, edit: blur(0.3) })
const engine = await engineOn(target, {
  strategies: [lookup(), lookup({ name: 'host', on: 'host' }), draftModel({ model: near, name: 'draft' })],
})
const prompt = [5, 9, 11, 5, 9, 11, 5]

test.each([
  ['plain', false],
  ['lookup', true],
  ['host', false],
  ['draft', true],
])('%s tells what drafting and verifying took on the device', async (strategy, drafts) => {
  const started = performance.now()
  const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens: 24, ignoreEos: true, timings: true })
  const waited = performance.now() - started
  const { draftMs, verifyMs } = stats.phases ?? { draftMs: Number.NaN, verifyMs: Number.NaN }
  expect(verifyMs).toBeGreaterThan(0)
  expect(draftMs > 0).toBe(drafts)
  expect(draftMs).toBeGreaterThanOrEqual(0)
  expect(draftMs + verifyMs).toBeLessThanOrEqual(Math.min(waited, stats.deviceMs))
  const untimed = await engine.complete(prompt, { strategy, maxTokens: 24, ignoreEos: true })
  expect(untimed.stats.phases).toBeNull()
  expect({ ids: untimed.ids, submits: untimed.stats.submits, reads: untimed.stats.reads }).toEqual({
    ids,
    submits: stats.submits,
    reads: stats.reads,
  })
})
