import { loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import type { Arithmetic } from '@outrider/core/spec'
import { afterAll, expect, test } from 'vitest'
import { GeneratedModel } from '../../bench/src/generated-model'
import { modelShapes } from '../../bench/src/model-shapes'
import { logitLoss, type Scored } from './logit-loss'

const made = new GeneratedModel('tiny', modelShapes.tiny!, 'q4_0')
const texts = [0, 1, 2].map((seed) => Array.from({ length: 100 }, (_, i) => (i * (7919 + seed) + 13) % 320))

const opened: Scored[] = []
async function scored(arithmetic: Arithmetic): Promise<Scored> {
  const backend = referenceBackend({ arithmetic })
  const checkpoint = await openCheckpoint(made.url, made.load)
  const model = await loadDecoder(backend, checkpoint, { slots: 256, maxRows: 64 })
  await checkpoint.close()
  opened.push({ backend, model })
  return opened.at(-1)!
}
afterAll(() => {
  for (const { backend, model } of opened) {
    model.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  }
})

test('nothing is lost against the same model', async () => {
  const loss = await logitLoss([await scored('f32'), await scored('f32')], texts, 120)
  expect(loss).toMatchObject({ tokens: 120, sameGreedy: 1, worst: 0, rms: 0 })
  expect(loss.divergence).toBeCloseTo(0, 12)
  expect(loss.perplexity[0]).toBe(loss.perplexity[1])
})

test('i8 loses a little against f32', async () => {
  const loss = await logitLoss([await scored('f32'), await scored('i8')], texts, 200, 90)
  const [expected, found] = loss.perplexity
  expect(loss.tokens).toBe(200)
  expect(loss.rms).toBeGreaterThan(1e-4)
  expect(loss.rms).toBeLessThan(0.05)
  expect(loss.divergence).toBeGreaterThan(0)
  expect(loss.divergence).toBeLessThan(2e-3)
  expect(loss.sameGreedy).toBeGreaterThan(0.9)
  expect(Math.abs(Math.log(found / expected))).toBeLessThan(0.01)
})
