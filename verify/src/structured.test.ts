import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { checkStructured, forms, openStructured } from './structured'

test('objects of a schema and dates of a regular expression are whole, valid and those of plain decoding', async () => {
  const backend = referenceBackend()
  const engine = await openStructured(backend, 'models/stories-5m')
  for (const [form, count] of [
    [forms['small objects'], 20],
    [forms.dates, 2],
  ] as const) {
    const { faults } = await checkStructured(engine, form, count)
    expect(faults).toEqual([])
  }
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
}, 300_000)
