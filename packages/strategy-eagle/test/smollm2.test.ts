import { join } from 'node:path'
import { openTensors } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { readReference } from '../../../verify/src/reference'
import { smollm2, smollm2Missing } from '../../../verify/src/smollm2-files'
import { eagle } from '../src'

const skipped = smollm2Missing ? ` (skipped: ${smollm2Missing})` : ''

/** Target id of a draft id. */
async function mapOf(head: string): Promise<(id: number) => number> {
  const files = await openTensors(head)
  const offsets = files.has('d2t') ? await files.integers('d2t') : null
  await files.close()
  return (id) => id + (offsets?.[id] ?? 0)
}

describe.skipIf(smollm2Missing)(`SmolLM2's EAGLE heads${skipped}`, () => {
  test.each([
    ['eagle3', 'a draft vocabulary of 8192'],
    ['eagle1', 'the target’s LM head'],
  ])(
    '%s, with %s, drafts what the reference outputs say, as often right',
    async (name) => {
      const backend = referenceBackend()
      const contexts = (await readReference(join(smollm2.folder, 'reference.json'))).slice(0, 1)
      const head = join(smollm2.folder, name)
      const toTarget = await mapOf(head)
      const strategy = eagle({ head, tokens: 5 })
      const probe = await DraftProbe.open({ backend, model: smollm2.gguf, strategy, capacity: 128 })
      try {
        const drafts = await checkDrafts(probe, { head: name, contexts, ties: 'exact', toTarget })
        expect(drafts).toMatchObject({ faults: [], note: expect.stringContaining('5 draft steps') })
        const accepted = await checkAccepted(probe, { head: name, contexts, positions: 16 })
        expect(accepted).toMatchObject({ faults: [], note: expect.stringContaining('16 positions') })
      } finally {
        await probe.dispose()
      }
      expect(backend.stats.liveBytes).toBe(0)
    },
    300_000,
  )
})
