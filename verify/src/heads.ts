import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Backend, type ModelLocation, openTensors, type Strategy } from '@outrider/core'
import { draftModel } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'
import { checkAccepted, checkDrafts } from './draft-checks'
import { DraftProbe } from './draft-probe'
import { readReference } from './reference'
import type { Run } from './run'

/** Heads by their names in the reference outputs, each as the greedy chain that those tell of. */
const chains: Readonly<Record<string, (head: string) => Strategy>> = {
  eagle3: (head) => eagle({ head, tokens: 5 }),
  eagle1: (head) => eagle({ head, tokens: 5 }),
  medusa: (head) => medusa({ head }),
  mtp: (head) => mtp({ head, tokens: 5 }),
  draft: (model) => draftModel({ model, tokens: 5 }),
}

/** A model with trained heads beside its reference outputs. */
export interface HeadedModel {
  readonly name: string
  readonly model: ModelLocation
  /** Folder of the heads and of reference.json. */
  readonly heads: string
  /** Whether accepted counts are checked, too: a pass of the target at every position. */
  readonly counts: boolean
  /** Share of the accepted counts that may differ where ties may fall either way. */
  readonly share: number
}

/** Drafts and accepted counts of every head that is there, against the reference outputs. */
export async function verifyHeads(
  run: Run,
  backend: Backend,
  { name, model, heads, counts, share }: HeadedModel,
): Promise<void> {
  const contexts = await readReference(join(heads, 'reference.json'))
  const exact = backend.info.name === 'reference'
  for (const [head, chain] of Object.entries(chains)) {
    const folder = join(heads, head)
    if (!existsSync(folder)) continue
    await run.check(`${name}: ${head} drafts as the reference outputs say`, async () => {
      const probe = await DraftProbe.open({ backend, model, strategy: chain(folder) })
      try {
        const ties = exact ? 'exact' : 'near ties may differ'
        const drafts = await checkDrafts(probe, { head, contexts, ties, toTarget: await targetIds(folder) })
        if (!counts) return drafts
        const accepted = await checkAccepted(probe, { head, contexts, share: exact ? 0 : share })
        return { faults: [...drafts.faults, ...accepted.faults], note: `${drafts.note}; ${accepted.note}` }
      } finally {
        await probe.dispose()
      }
    })
  }
}

/** The target's id of a draft id. */
async function targetIds(head: string): Promise<(id: number) => number> {
  const files = await openTensors(head)
  const offsets = files.has('d2t') ? await files.integers('d2t') : null
  await files.close()
  return (id) => id + (offsets?.[id] ?? 0)
}
