import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { soak } from './soak'

const model = 'models/stories-5m'

test('a hundred sessions that end at random moments leave nothing behind, and resume as if nothing had been', async () => {
  const options = { model, sessions: 100, lanes: 3, maxTokens: 6, keepSessions: 0 }
  const found = await soak(referenceBackend(), options)
  expect(found.faults).toEqual([])
  for (const end of ['ended', 'aborted and resumed', 'left', 'disposed of']) expect(found.note).toContain(end)
}, 600_000)

test('nor do generations differ that take over what others left', async () => {
  const found = await soak(referenceBackend(), { model, sessions: 60, lanes: 3, maxTokens: 6, keepSessions: 6 })
  expect(found.faults).toEqual([])
}, 600_000)
