import { createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { type EagleOptions, eagle } from '@outrider/strategy-eagle'
import { describe, expect, it } from 'vitest'
import { checkAccepted, checkDrafts, checkRounds } from './draft-checks'
import { DraftProbe } from './draft-probe'
import { readReference } from './reference'

const folder = 'models/stories-5m'
const contexts = await readReference(`${folder}/reference.json`)

async function probing<T>(options: EagleOptions, work: (probe: DraftProbe) => Promise<T>): Promise<T> {
  const backend = referenceBackend()
  const probe = await DraftProbe.open({ backend, model: folder, strategy: eagle(options) })
  try {
    return await work(probe)
  } finally {
    await probe.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  }
}

describe.each(['eagle3', 'eagle1'])('%s of stories-5m on the reference backend', (name) => {
  const head = `${folder}/${name}`

  it('drafts the steps of the reference outputs, and is right where they are, number for number', async () => {
    await probing({ head, tokens: 5 }, async (probe) => {
      const drafts = await checkDrafts(probe, { head: name, contexts, ties: 'exact' })
      expect(drafts.faults).toEqual([])
      const accepted = await checkAccepted(probe, { head: name, contexts })
      expect(accepted.faults).toEqual([])
    })
  })

  it('accepts in whole generations what a replay of the reference outputs accepts', async () => {
    const backend = referenceBackend()
    const strategy = eagle({ head, tokens: 5 })
    const engine = await createEngine({
      backend,
      model: folder,
      capacity: 128,
      selfCheck: false,
      strategies: [strategy],
    })
    const rounds = await checkRounds(engine, { strategy: 'eagle', head: name, contexts })
    expect(rounds.faults).toEqual([])
    await engine.dispose()
  })
})
