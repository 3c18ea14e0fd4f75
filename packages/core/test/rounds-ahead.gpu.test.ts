import { type Backend, createEngine, type Engine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plan } from '../src/decode'
import { writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
let backend: Backend
let engine: Engine

beforeAll(async () => {
  backend = await webgpu()
  const model = await writeTinyModel({ seed: 3 })
  engine = await createEngine({ backend, model, capacity: 96, selfCheck: false, keepSessions: 0 })
})

afterAll(async () => {
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

const sampling = { temperature: 0.9, seed: 4, frequencyPenalty: 0.3 }

/** Ids of rounds that wait for one another. */
async function waiting(count: number): Promise<readonly number[]> {
  const stepper = engine.openStepper({})
  await stepper.extend(prompt)
  stepper.begin(plan(sampling, [], engine.model.vocab).sampling)
  const ids: number[] = []
  while (ids.length < count) ids.push(...(await stepper.round(count - ids.length)).tokens)
  engine.closeStepper(stepper)
  return ids
}

test('rounds that are submitted before the last record is read give the ids of those that wait', async () => {
  const ids = await waiting(24)
  const { submits } = backend.stats
  const whole = await engine.complete(prompt, { ...sampling, maxTokens: 24, ignoreEos: true })
  expect(whole.ids).toEqual(ids)
  expect(backend.stats.submits - submits).toBe(25)
  const [stop] = ids.slice(6) as [number]
  const end = ids.indexOf(stop)
  const { liveBytes } = backend.stats
  const [ended, beside] = await Promise.all([
    engine.complete(prompt, { ...sampling, stopTokens: [stop], ignoreEos: true }),
    engine.complete(prompt, { ...sampling, maxTokens: 16, ignoreEos: true }),
  ])
  expect(ended.ids).toEqual(ids.slice(0, end + 1))
  // One round was begun behind the end.
  expect(ended.stats).toMatchObject({ rounds: end + 1, submits: end + 3 })
  expect(beside.ids).toEqual(ids.slice(0, 16))
  expect(backend.stats.liveBytes).toBe(liveBytes)
})
