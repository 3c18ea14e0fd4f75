import { join } from 'node:path'
import { type Backend, createEngine, type DecoderModel, type Engine, loadDecoder, openCheckpoint } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkBits, checkFirstStep, checkGreedy, checkSameTokens } from './checks'
import { type ReferenceContext, readReference } from './reference'
import { widenFolder } from './widen'

const embedded = 'models/stories-5m'
/** A tree of 15 nodes. */
const branches = [3, 2, 1]

const sizes = [2, 5, 8, 17, 33, 64]

/** How weights and caches are stored, how far hidden states may be off, and how much is run. */
const storages = [
  { name: 'f16', cacheType: 'f16', folder: async () => embedded, tolerance: 5e-3, contexts: 4, sizes: [...sizes, 256] },
  { name: 'f32', cacheType: 'f32', folder: () => widenFolder(embedded), tolerance: 2e-3, contexts: 2, sizes },
] as const

for (const storage of storages)
  describe(`stories-5m on WebGPU, weights and caches in ${storage.name}`, () => {
    let backend: Backend
    let model: DecoderModel
    let engine: Engine
    let contexts: readonly ReferenceContext[]

    beforeAll(async () => {
      const folder = await storage.folder()
      contexts = await readReference(join(embedded, 'reference.json'))
      backend = await webgpu({ cacheType: storage.cacheType })
      const checkpoint = await openCheckpoint(folder)
      model = await loadDecoder(backend, checkpoint, { slots: 512, maxRows: 256 })
      await checkpoint.close()
      const draft = join(embedded, 'draft')
      const strategies = [
        lookup(),
        draftModel({ model: draft, name: 'draft chain' }),
        draftModel({ model: draft, name: 'draft tree', branches }),
      ]
      engine = await createEngine({ backend, model: folder, capacity: 128, strategies })
    })

    afterAll(async () => {
      model.dispose()
      await engine.dispose()
      expect(backend.stats.liveBytes).toBe(0)
      backend.dispose()
    })

    it('finds the device row-invariant at load', () => {
      expect(engine.exact).toBe(true)
    })

    it('gives the first step and the hidden states of the reference outputs', async () => {
      const { faults } = await checkFirstStep(backend, model, contexts, [1, 3, 5], storage.tolerance)
      expect(faults).toEqual([])
    })

    it(`gives a row the same bits alone and in passes of ${storage.sizes} rows`, async () => {
      const prompt = (contexts[6] as ReferenceContext).promptIds
      expect((await checkBits(backend, model, prompt, storage.sizes)).faults).toEqual([])
    })

    it('gives the greedy ids of the reference outputs up to near ties', async () => {
      const { faults } = await checkGreedy(engine, contexts.slice(0, storage.contexts), 48, 'near ties may differ')
      expect(faults).toEqual([])
    })

    it('gives the same tokens under every strategy', async () => {
      const prompts = contexts.slice(1, 2).map(({ promptIds }) => promptIds)
      expect((await checkSameTokens(engine, prompts, engine.strategies.slice(1), 48)).faults).toEqual([])
    })

    it('takes one submission and one read a round, for chains and for trees', async () => {
      const prompt = (contexts[1] as ReferenceContext).promptIds
      for (const strategy of engine.strategies) {
        const { stats } = await engine.complete(prompt, { strategy, maxTokens: 16, ignoreEos: true })
        expect({ strategy, submits: stats.submits, reads: stats.reads }).toEqual({
          strategy,
          submits: stats.rounds + 1,
          reads: stats.rounds,
        })
      }
    })

    it('times its rounds by the device’s clock, in the same submissions and reads', async () => {
      const prompt = (contexts[1] as ReferenceContext).promptIds
      for (const strategy of ['plain', 'lookup', 'draft tree']) {
        const options = { strategy, maxTokens: 12, ignoreEos: true, timings: true }
        const started = performance.now()
        const { stats } = await engine.complete(prompt, options)
        const waited = performance.now() - started
        const { draftMs, verifyMs } = stats.phases ?? { draftMs: Number.NaN, verifyMs: Number.NaN }
        expect(verifyMs).toBeGreaterThan(0)
        if (strategy === 'plain') expect(draftMs).toBe(0)
        else expect(draftMs).toBeGreaterThan(0)
        expect(draftMs + verifyMs).toBeLessThan(waited)
        expect({ submits: stats.submits, reads: stats.reads }).toEqual({
          submits: stats.rounds + 1,
          reads: stats.rounds,
        })
      }
    })
  })
