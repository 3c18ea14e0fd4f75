import { type Backend, createEngine, type Engine } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSameTokens } from '../../../verify/src/checks'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { mcSim7b63, medusa } from '../src'

const model = 'models/stories-5m'
const head = `${model}/medusa`
let contexts: readonly ReferenceContext[]
let backend: Backend

beforeAll(async () => {
  contexts = await readReference(`${model}/reference.json`)
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

describe('the heads of stories-5m on WebGPU', () => {
  let probe: DraftProbe

  beforeAll(async () => {
    probe = await DraftProbe.open({ backend, model, strategy: medusa({ head }) })
  })

  afterAll(() => probe.dispose())

  test('draft what the reference outputs say, near ties apart', async () => {
    const { faults } = await checkDrafts(probe, { head: 'medusa', contexts, ties: 'near ties may differ' })
    expect(faults).toEqual([])
  })

  test('are right as often as the reference outputs say, 2 % of the positions apart', async () => {
    const some = contexts.slice(0, 4)
    const { faults } = await checkAccepted(probe, { head: 'medusa', contexts: some, share: 0.02 })
    expect(faults).toEqual([])
  })
})

describe('generations on WebGPU', () => {
  let engine: Engine

  beforeAll(async () => {
    const strategies = [
      medusa({ head, name: 'chain' }),
      medusa({ head, name: 'tree', choices: mcSim7b63.slice(0, 15) }),
      medusa({ head, name: 'published tree', choices: mcSim7b63 }),
    ]
    engine = await createEngine({ backend, model, capacity: 128, strategies, selfCheck: false })
  })

  afterAll(() => engine.dispose())

  test('give the ids of plain decoding', async () => {
    const prompts = contexts.slice(0, 2).map(({ promptIds }) => promptIds)
    expect((await checkSameTokens(engine, prompts, ['chain', 'tree'], 32)).faults).toEqual([])
    expect((await checkSameTokens(engine, prompts.slice(1), ['published tree'], 12)).faults).toEqual([])
  })

  test('take one submission and one read a round', async () => {
    const { promptIds } = contexts[1] as ReferenceContext
    for (const strategy of ['chain', 'tree']) {
      const { stats } = await engine.complete(promptIds, { strategy, maxTokens: 12, ignoreEos: true })
      expect({ strategy, submits: stats.submits, reads: stats.reads }).toEqual({
        strategy,
        submits: stats.rounds + 1,
        reads: stats.rounds,
      })
    }
  })
})
