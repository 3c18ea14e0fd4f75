import type { Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { DraftProbe } from './draft-probe'
import { type DrawSetting, rightDraws } from './sampling-draws'

/** A drafter whose draws are looked at. */
export interface DrawTest extends Pick<DrawSetting, 'rows' | 'targetIds'> {
  readonly model: string
  readonly strategy: Strategy
  /** A text of the model's to draft in, 12 tokens at least. */
  readonly text: readonly number[]
}

/** A drafter draws with the target's noise, each token with that of its own position and target id, and without noise when greedy. */
export function testDraws(title: string, { model, strategy, text, rows, targetIds }: DrawTest): void {
  test(`${title}: draws with the noise of each token's position and target id`, async () => {
    const backend = referenceBackend()
    const probe = await DraftProbe.open({ backend, model, strategy })
    const budget = { nodes: 63, depth: 63 }
    const found = { nodes: 0, right: 0, early: 0, late: 0 }
    for (const temperature of [0.7, 1.3])
      for (const [i, length] of [text.length - 1, text.length >> 1, text.length - 4].entries()) {
        const sampling = { temperature, seed: 11 + i }
        await probe.start(text.slice(0, length + 1), sampling)
        const draft = await probe.draft(budget)
        const setting = { ...sampling, length, rows, ...(targetIds && { targetIds }) }
        found.nodes += draft.tree.tokens.length
        found.right += rightDraws(draft, setting)
        found.early += rightDraws(draft, { ...setting, shift: -1 })
        found.late += rightDraws(draft, { ...setting, shift: 1 })
      }
    expect(found.nodes).toBeGreaterThan(0)
    expect(found.right).toBe(found.nodes)
    expect(Math.max(found.early, found.late)).toBeLessThan(found.nodes / 2)

    await probe.start(text)
    const greedy = await probe.draft(budget)
    probe.sample({ temperature: 1.3, seed: 1 })
    const drawn = await probe.draft(budget)
    probe.sample({ temperature: 0, seed: 1 })
    expect([greedy.drawn.length, drawn.drawn.length > 0]).toEqual([0, true])
    expect(await probe.draft(budget)).toEqual(greedy)
    await probe.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })
}
