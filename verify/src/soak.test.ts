import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { soak } from './soak'

test('a hundred sessions that end at random moments leave nothing behind, and resume as if nothing had been', async () => {
  const found = await soak(referenceBackend(), { model: 'models/stories-5m', sessions: 100, lanes: 3, maxTokens: 6 })
  expect(found.faults).toEqual([])
  for (const end of ['ended', 'aborted and resumed', 'left', 'disposed of']) expect(found.note).toContain(end)
}, 600_000)
