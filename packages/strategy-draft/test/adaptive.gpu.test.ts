import { adaptive, type Backend, createEngine, firstOf } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { draftModel, lookup } from '../src'

const model = 'models/stories-5m'
let backend: Backend

beforeAll(async () => {
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

test('drafts of a size give the ids of plain decoding, in one submission and one read a round', async () => {
  const draft = draftModel({ model: `${model}/draft`, tokens: 6 })
  const cost = { rows: [1, 8, 16], ms: [1, 1.1, 1.3] }
  const strategies = [
    adaptive(draft),
    { ...adaptive(draft, { cost }), name: 'pinned' },
    { ...firstOf(lookup({ minNgram: 2 }), adaptive(draft, { cost })), name: 'after a lookup' },
  ]
  const engine = await createEngine({ backend, model, strategies, capacity: 128, maxRows: 16, selfCheck: false })
  try {
    const options = { maxTokens: 40, ignoreEos: true }
    const plain = await engine.complete('Once upon a time', options)
    for (const strategy of engine.strategies.slice(1)) {
      const { ids, stats } = await engine.complete('Once upon a time', { ...options, strategy })
      expect({ strategy, ids }).toEqual({ strategy, ids: plain.ids })
      expect(stats.submits).toBe(stats.rounds + 1)
      expect(stats.reads).toBe(stats.rounds)
      expect(JSON.stringify(stats.report)).toContain('plain rounds')
      if (strategy !== 'adaptive(draft-model)') expect(stats.meanAcceptanceLength).toBeGreaterThan(1.5)
    }
    const curve = await engine.verifyCost()
    expect(curve.rows).toEqual([1, 2, 4, 6, 8, 12, 16])
    expect(curve.ms.every((ms) => ms > 0)).toBe(true)
  } finally {
    await engine.dispose()
  }
})
