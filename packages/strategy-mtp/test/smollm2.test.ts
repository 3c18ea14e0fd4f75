import { join } from 'node:path'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { readReference } from '../../../verify/src/reference'
import { smollm2, smollm2Missing } from '../../../verify/src/smollm2-files'
import { mtp } from '../src'

const skipped = smollm2Missing ? ` (skipped: ${smollm2Missing})` : ''

describe.skipIf(smollm2Missing)(`SmolLM2's MTP module${skipped}`, () => {
  test('drafts what the reference outputs say, as often right', async () => {
    const backend = referenceBackend()
    const contexts = (await readReference(join(smollm2.folder, 'reference.json'))).slice(0, 1)
    const strategy = mtp({ head: join(smollm2.folder, 'mtp'), tokens: 5 })
    const probe = await DraftProbe.open({ backend, model: smollm2.gguf, strategy, capacity: 128 })
    try {
      const drafts = await checkDrafts(probe, { head: 'mtp', contexts, ties: 'exact' })
      expect(drafts).toMatchObject({ faults: [], note: expect.stringContaining('5 draft steps') })
      const accepted = await checkAccepted(probe, { head: 'mtp', contexts, positions: 16 })
      expect(accepted).toMatchObject({ faults: [], note: expect.stringContaining('16 positions') })
    } finally {
      await probe.dispose()
    }
    expect(backend.stats.liveBytes).toBe(0)
  }, 300_000)
})
