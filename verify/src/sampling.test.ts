import { createEngine, type Engine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReferenceContext, readReference } from './reference'
import { checkSampled } from './sampling'
import { onDevice, optionsOf, pairwiseRuns } from './sampling-matrix'
import { everyStrategy } from './strategies'

const folder = 'models/stories-5m'
const contexts = await readReference(`${folder}/reference.json`)

it('covers every pair of drafter, shape, temperature, filter and seed in 24 runs', () => {
  const runs = pairwiseRuns()
  const factors = ['family', 'shape', 'temperature', 'filter', 'seed'] as const
  const values = (factor: (typeof factors)[number]) => new Set(runs.map((run) => run[factor])).size
  expect(factors.map(values)).toEqual([6, 2, 3, 4, 3])
  for (const [i, one] of factors.entries())
    for (const other of factors.slice(i + 1)) {
      const met = new Set(runs.map((run) => `${run[one]} ${run[other]}`))
      expect({ one, other, met: met.size }).toEqual({ one, other, met: values(one) * values(other) })
    }
  expect(runs).toHaveLength(24)
  expect(new Set(runs.filter(onDevice).map(({ family }) => family)).size).toBe(6)
})

describe('sampling stories-5m on the reference backend', () => {
  const runs = pairwiseRuns().filter((run) => !onDevice(run))
  const used = new Set(runs.map(({ strategy }) => strategy))
  const backend = referenceBackend()
  let engine: Engine

  beforeAll(async () => {
    const strategies = everyStrategy(folder, 6).filter(({ name }) => used.has(name))
    engine = await createEngine({ backend, model: folder, capacity: 128, selfCheck: false, strategies })
  })

  afterAll(async () => {
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })

  it.each(runs)('$strategy at $temperature, $filter, seed $seed: ids of plain decoding', async (run) => {
    const { promptIds: prompt } = contexts[run.seed] as ReferenceContext
    const only = { strategies: [run.strategy], tokens: 48, runs: [{ prompt, options: optionsOf(run) }] }
    expect((await checkSampled(engine, only)).faults).toEqual([])
  })
})
