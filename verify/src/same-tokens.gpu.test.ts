import { join } from 'node:path'
import { type Backend, createEngine, type Engine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSameTokens } from './checks'
import { type ReferenceContext, readReference } from './reference'
import { everyStrategy } from './strategies'

const stories = 'models/stories-5m'
const layers = 6

describe('stories-5m on WebGPU under every strategy, chain and tree, and compositions', () => {
  let backend: Backend
  let engine: Engine
  let context: ReferenceContext

  beforeAll(async () => {
    ;[context] = (await readReference(join(stories, 'reference.json'))) as [ReferenceContext]
    backend = await webgpu()
    const strategies = everyStrategy(stories, layers)
    engine = await createEngine({ backend, model: stories, capacity: 128, selfCheck: false, strategies })
  })

  afterAll(async () => {
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test('gives the tokens of plain decoding: 48 of them', async () => {
    const { faults } = await checkSameTokens(engine, [context.promptIds], engine.strategies.slice(1), 48)
    expect(faults).toEqual([])
  }, 1_500_000)
})
