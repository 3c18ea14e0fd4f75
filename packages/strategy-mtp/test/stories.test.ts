import { createEngine, type Engine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CheckResult, checkSameTokens } from '../../../verify/src/checks'
import { checkAccepted, checkDrafts, checkRounds } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { lateHidden } from '../../../verify/src/late-hidden'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { mtp } from '../src'

const model = 'models/stories-5m'
const head = `${model}/mtp`
const name = 'mtp'
const backend = referenceBackend()
let contexts: readonly ReferenceContext[]

beforeAll(async () => {
  contexts = await readReference(`${model}/reference.json`)
})

afterAll(() => expect(backend.stats.liveBytes).toBe(0))

async function probed(strategy: Strategy, check: (probe: DraftProbe) => Promise<CheckResult>): Promise<CheckResult> {
  const probe = await DraftProbe.open({ backend, model, strategy })
  try {
    return await check(probe)
  } finally {
    await probe.dispose()
  }
}

describe('the module of stories-5m', () => {
  test('drafts what the reference outputs say', async () => {
    const { faults, note } = await probed(mtp({ head, tokens: 5 }), (probe) =>
      checkDrafts(probe, { head: name, contexts, ties: 'exact' }),
    )
    expect({ faults, note }).toMatchObject({ faults: [], note: expect.stringContaining('40 draft steps') })
  })

  test('is right as often as the reference outputs say, at every position', async () => {
    const { faults, note } = await probed(mtp({ head, tokens: 5 }), (probe) =>
      checkAccepted(probe, { head: name, contexts }),
    )
    expect({ faults, note }).toMatchObject({ faults: [], note: expect.stringContaining('472 positions') })
  })

  test('is wrong where its hidden state is that of the position before', async () => {
    const some = contexts.slice(0, 2)
    const { faults } = await probed(lateHidden(mtp({ head, tokens: 5 })), (probe) =>
      checkAccepted(probe, { head: name, contexts: some }),
    )
    expect(faults.length).toBeGreaterThan(40)
  })
})

describe('generations', () => {
  let engine: Engine

  beforeAll(async () => {
    engine = await createEngine({
      backend,
      model,
      capacity: 192,
      maxRows: 16,
      strategies: [
        mtp({ head, name: 'chain', tokens: 5 }),
        mtp({ head, name: 'short chain', tokens: 3 }),
        mtp({ head, name: 'tree', branches: [3, 2, 1] }),
        mtp({ head, name: 'ragged tree', choices: [[0], [1], [0, 0], [0, 1], [1, 0], [0, 0, 0], [2], [0, 0, 1]] }),
      ],
    })
  })

  afterAll(() => engine.dispose())

  test('accept round by round what a replay of the reference outputs accepts', async () => {
    const { faults, note } = await checkRounds(engine, { strategy: 'chain', head: name, contexts })
    expect({ faults, note }).toMatchObject({ faults: [] })
  })

  test('give the ids of plain decoding', async () => {
    const prompts = contexts.slice(0, 4).map(({ promptIds }) => promptIds)
    expect((await checkSameTokens(engine, prompts, ['chain', 'tree', 'ragged tree'], 48)).faults).toEqual([])
  }, 180_000)

  test('take one submission and one read a round', async () => {
    const { promptIds } = contexts[1] as ReferenceContext
    for (const strategy of engine.strategies) {
      const { stats } = await engine.complete(promptIds, { strategy, maxTokens: 12, ignoreEos: true })
      expect({ strategy, submits: stats.submits, reads: stats.reads }).toEqual({
        strategy,
        submits: stats.rounds + 1,
        reads: stats.rounds,
      })
    }
  })

  test('accept more with a tree than with a chain', async () => {
    const { promptIds } = contexts[2] as ReferenceContext
    const length = async (strategy: string) =>
      (await engine.complete(promptIds, { strategy, maxTokens: 32, ignoreEos: true })).stats.meanAcceptanceLength
    const chain = await length('short chain')
    expect(chain).toBeGreaterThan(1)
    expect(await length('tree')).toBeGreaterThan(chain)
  })
})
