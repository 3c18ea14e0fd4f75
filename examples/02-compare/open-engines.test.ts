import { fileURLToPath } from 'node:url'
import type { Backend } from '@outrider/core'
import { lookup } from '@outrider/strategy-draft'
import { beforeEach, expect, test, vi } from 'vitest'
import { type EngineOptions, withEngines } from './open-engines'
import { UsageError } from './usage-error'

const opened: Backend[] = []
beforeEach(() => void opened.splice(0))

vi.mock('@outrider/core/reference', async (original) => {
  const { referenceBackend } = await original<typeof import('@outrider/core/reference')>()
  return {
    referenceBackend: (...options: Parameters<typeof referenceBackend>) => {
      const backend = referenceBackend(...options)
      opened.push(backend)
      return backend
    },
  }
})

const options: EngineOptions = {
  backend: 'reference',
  cache: 'f16',
  arithmetic: 'f32',
  baselines: ['i8', 'f16'],
  model: fileURLToPath(new URL('../../models/stories-5m', import.meta.url)),
  capacity: 32,
  maxRows: 4,
}

function expectAllDisposed(count: number) {
  expect(opened).toHaveLength(count)
  for (const backend of opened) {
    expect(backend.stats.liveBytes).toBe(0)
    expect(() => backend.tensor([1], 'f32', 'late')).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
  }
}

test('baselines are of the same model and limits, have no strategies, and come in order', async () => {
  const strategies = [lookup({ tokens: 2 })]
  const found = await withEngines(options, strategies, async (engine, baselines) =>
    [engine, ...baselines].map(({ backend, strategies, limits, model }) => {
      expect(model).toEqual(engine.model)
      expect(limits).toEqual({ ...engine.limits, capacity: 32, maxRows: 4 })
      return [backend.info.arithmetic, ...strategies]
    }),
  )
  expect(found).toEqual([
    ['f32', 'plain', 'lookup'],
    ['i8', 'plain'],
    ['f16', 'plain'],
  ])
  expectAllDisposed(3)
})

test('all are disposed of when their use throws', async () => {
  const error = new Error('in use')
  await expect(withEngines(options, [], () => Promise.reject(error))).rejects.toBe(error)
  expectAllDisposed(3)
})

test('those that are open are disposed of when two come to the same arithmetic', async () => {
  const use = vi.fn()
  const twice = withEngines({ ...options, arithmetic: 'fastest', baselines: ['i8', 'f32'] }, [], use)
  await expect(twice).rejects.toThrow(
    new UsageError('--baselines: f32 comes to f32 here, as the run or another baseline does: leave it out'),
  )
  expect(use).not.toHaveBeenCalled()
  expectAllDisposed(3)
})
