import { createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { draftModel } from '@outrider/strategy-draft'
import { expect, it } from 'vitest'
import { checkAccepted, checkDrafts, checkRounds } from './draft-checks'
import { DraftProbe } from './draft-probe'
import { readReference } from './reference'

const folder = 'models/stories-5m'
const strategy = draftModel({ model: `${folder}/draft`, tokens: 5 })

it('sees what the draft model of the reference outputs drafted, and how much of it is right', async () => {
  const backend = referenceBackend()
  const contexts = (await readReference(`${folder}/reference.json`)).slice(1, 3)
  const probe = await DraftProbe.open({ backend, model: folder, strategy })
  try {
    expect((await checkDrafts(probe, { head: 'draft', contexts, ties: 'exact' })).faults).toEqual([])
    expect((await checkAccepted(probe, { head: 'draft', contexts, positions: 20 })).faults).toEqual([])
    const other = { head: 'eagle3', contexts } as const
    expect((await checkDrafts(probe, { ...other, ties: 'exact' })).faults.length).toBeGreaterThan(0)
    expect((await checkAccepted(probe, { ...other, positions: 20 })).faults.length).toBeGreaterThan(0)
  } finally {
    await probe.dispose()
  }
  expect(backend.stats.liveBytes).toBe(0)
})

it('replays whole generations', async () => {
  const contexts = (await readReference(`${folder}/reference.json`)).slice(1, 3)
  const engine = await createEngine({
    backend: referenceBackend(),
    model: folder,
    capacity: 128,
    selfCheck: false,
    strategies: [strategy],
  })
  const replay = { strategy: 'draft-model', contexts }
  expect((await checkRounds(engine, { ...replay, head: 'draft' })).faults).toEqual([])
  expect((await checkRounds(engine, { ...replay, head: 'eagle3' })).faults.length).toBeGreaterThan(0)
  await engine.dispose()
})
