import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { OUTCOME } from '@outrider/core/spec'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { expect, test } from 'vitest'

const models = join(import.meta.dirname, '../../../models')

test('the built packages decode a real model, plain and speculatively', async () => {
  for (const name of ['@outrider/core', '@outrider/core/reference', '@outrider/strategy-draft'])
    expect(import.meta.resolve(name)).toMatch(/\/packages\/[\w-]+\/dist\//)
  const backend = referenceBackend()
  const engine = await createEngine({
    backend,
    model: join(models, 'stories-5m'),
    capacity: 64,
    maxRows: 16,
    strategies: [
      lookup(),
      draftModel({ model: join(models, 'stories-5m/draft'), name: 'chain', tokens: 3 }),
      draftModel({ model: join(models, 'stories-5m/draft'), name: 'tree', branches: [2, 2, 1] }),
    ],
  })
  expect(engine.exact).toBe(true)
  const [, { text: prompt, greedyIds }] = JSON.parse(readFileSync(join(models, 'stories-5m/reference.json'), 'utf8'))
  const plain = await engine.complete(prompt, { maxTokens: 16, ignoreEos: true })
  expect(plain.ids).toEqual(greedyIds.slice(0, 16))
  for (const strategy of ['lookup', 'chain', 'tree']) {
    const { text, ids, stats } = await engine.complete(prompt, { strategy, maxTokens: 16, ignoreEos: true })
    expect({ strategy, text, ids }).toEqual({ strategy, text: plain.text, ids: plain.ids })
    expect(stats.submits).toBe(stats.rounds + 1)
    expect(stats.reads).toBe(stats.rounds)
    if (strategy !== 'lookup') expect(stats.accepted).toBeGreaterThan(0)
  }
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
})

test('one error class holds across entries', async () => {
  expect(OUTCOME.accepted).toBe(0)
  expect(() => lookup({ tokens: 0 })).toThrow(OutriderError)
  await expect(createEngine({ backend: referenceBackend(), model: './no-such-folder' })).rejects.toBeInstanceOf(
    OutriderError,
  )
})
