import { createEngine, type DecoderModel, type Engine, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkBits, checkFirstStep, checkGreedy, checkSameTokens } from './checks'
import { type ReferenceContext, readReference } from './reference'

const folder = 'models/stories-5m'
const backend = referenceBackend()
let contexts: readonly ReferenceContext[]
let model: DecoderModel
let engine: Engine

beforeAll(async () => {
  contexts = await readReference(`${folder}/reference.json`)
  const checkpoint = await openCheckpoint(folder)
  model = await loadDecoder(backend, checkpoint, { slots: 256, maxRows: 64 })
  await checkpoint.close()
  const strategies = [
    lookup(),
    draftModel({ model: `${folder}/draft`, name: 'draft chain' }),
    draftModel({ model: `${folder}/draft`, name: 'draft tree', branches: [3, 2, 1] }),
  ]
  engine = await createEngine({ backend, model: folder, capacity: 192, strategies })
})

afterAll(async () => {
  model.dispose()
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
})

describe('stories-5m on the reference backend', () => {
  it('gives the first step and the hidden states of the reference outputs', async () => {
    expect((await checkFirstStep(backend, model, contexts, [1, 3, 5], 2e-3)).faults).toEqual([])
  })

  it('gives every greedy id of the reference outputs', async () => {
    expect((await checkGreedy(engine, contexts, 64, 'exact')).faults).toEqual([])
  })

  it('gives a row the same bits alone and in passes of up to 64 rows', async () => {
    const prompt = (contexts[2] as ReferenceContext).promptIds
    expect((await checkBits(backend, model, prompt, [2, 5, 17, 64])).faults).toEqual([])
  })

  it('gives the same tokens under every strategy', async () => {
    const prompts = contexts.slice(0, 3).map(({ promptIds }) => promptIds)
    expect((await checkSameTokens(engine, prompts, engine.strategies.slice(1), 48)).faults).toEqual([])
  })

  it('notices a wrong id, a wrong hidden state and another text', async () => {
    const [first] = contexts as [ReferenceContext]
    const off = {
      ...first,
      greedyIds: [...first.greedyIds.slice(0, 5), 7],
      finalHidden8: first.finalHidden8.map((x) => x + 0.01),
    }
    expect((await checkGreedy(engine, [off], 6, 'exact')).faults).toHaveLength(1)
    expect((await checkFirstStep(backend, model, [off], [1, 3, 5], 2e-3)).faults).toHaveLength(1)
  })
})
