import { type Backend, createEngine, firstOf, merged } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { eagle } from '@outrider/strategy-eagle'
import { medusa } from '@outrider/strategy-medusa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { draftModel, lookup, suffix } from '../src'

const model = 'models/stories-5m'
let backend: Backend

beforeAll(async () => {
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

it('gives the tokens of plain decoding from merged trees, in one submission and one read a round', async () => {
  const grown = eagle({ head: `${model}/eagle3`, tree: { depth: 3, topK: 3, nodes: 7 } })
  const draft = draftModel({ model: `${model}/draft`, tokens: 3 })
  const strategies = [
    { ...merged(lookup({ minNgram: 2 }), grown), name: 'lookup, eagle' },
    { ...merged(lookup(), draft), name: 'lookup, draft' },
    { ...merged(grown, medusa({ head: `${model}/medusa` })), name: 'eagle, medusa' },
    { ...merged(lookup(), firstOf(suffix(), merged(grown, draft))), name: 'nested' },
  ]
  const engine = await createEngine({ backend, model, capacity: 96, maxRows: 16, strategies, selfCheck: false })
  const [{ promptIds }] = (await readReference(`${model}/reference.json`)).slice(1) as [ReferenceContext]
  const options = { maxTokens: 24, ignoreEos: true }
  const plain = await engine.complete(promptIds, options)
  for (const { name: strategy } of strategies) {
    const { ids, stats } = await engine.complete(promptIds, { strategy, ...options })
    expect({ strategy, ids }).toEqual({ strategy, ids: plain.ids })
    const { submits, reads, rounds } = stats
    const chunks = Math.ceil((promptIds.length - 1) / 16)
    expect({ strategy, submits, reads }).toEqual({ strategy, submits: rounds + chunks, reads: rounds })
    const credited = Object.values(stats.acceptedBy).reduce((sum, tokens) => sum + tokens, 0)
    expect(credited).toBeGreaterThanOrEqual(stats.accepted)
    if (strategy === 'eagle, medusa') expect(credited).toBeGreaterThan(stats.accepted)
  }
  await engine.dispose()
})
