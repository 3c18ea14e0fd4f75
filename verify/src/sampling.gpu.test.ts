import { type Backend, createEngine, type Engine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReferenceContext, readReference } from './reference'
import { checkSampled } from './sampling'
import { onDevice, optionsOf, pairwiseRuns } from './sampling-matrix'
import { everyStrategy } from './strategies'

const folder = 'models/stories-5m'

describe('sampling stories-5m on WebGPU', () => {
  const runs = pairwiseRuns().filter(onDevice)
  const used = new Set(runs.map(({ strategy }) => strategy))
  let contexts: readonly ReferenceContext[]
  let backend: Backend
  let engine: Engine

  beforeAll(async () => {
    contexts = await readReference(`${folder}/reference.json`)
    backend = await webgpu()
    const strategies = everyStrategy(folder, 6).filter(({ name }) => used.has(name))
    engine = await createEngine({ backend, model: folder, capacity: 128, selfCheck: false, strategies })
  })

  afterAll(async () => {
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  it.each(runs)('$strategy at $temperature, $filter, seed $seed: ids of plain decoding', async (run) => {
    const { promptIds: prompt } = contexts[run.seed] as ReferenceContext
    const only = { strategies: [run.strategy], tokens: 32, runs: [{ prompt, options: optionsOf(run) }] }
    expect((await checkSampled(engine, only)).faults).toEqual([])
  })
})
