import { type Backend, chain, createEngine, type Engine, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { earlyExit } from '@outrider/strategy-draft'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GeneratedModel } from '../../bench/src/generated-model'
import { checkSameTokens } from './checks'
import { ModelProbe } from './model-probe'

const shape = {
  title: 'small shape',
  vocab: 160,
  hidden: 96,
  layers: 2,
  heads: 3,
  kvHeads: 1,
  headDim: 32,
  intermediate: 160,
  tied: true,
  theta: 10000,
  maxPositions: 512,
}
const made = new GeneratedModel('small', shape, 'q4_0')
const prompts = [1, 2].map((seed) =>
  Array.from({ length: 9 }, (_, i) => ((i * (31 + seed) + seed) % 4 ? 7 + seed * i : 5)),
)

let device: Backend
let engine: Engine
beforeAll(async () => {
  device = await webgpu({ arithmetic: 'i8', cacheType: 'f32' })
  const strategies = [earlyExit({ layer: 1, name: 'tree', branches: [2] })]
  engine = await createEngine({
    backend: device,
    model: made.url,
    load: made.load,
    capacity: 128,
    maxRows: 4,
    strategies,
  })
})
afterAll(async () => {
  await engine.dispose()
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

test('i8 is row-invariant through a whole model', () => {
  expect(engine.exact).toBe(true)
})

test('drafters give the tokens of plain decoding', async () => {
  const { faults } = await checkSameTokens(engine, prompts, ['tree'], 16)
  expect(faults).toEqual([])
})

test('logits are near the reference in i8, nearer than that in f32 is', async () => {
  const logits = async (backend: Backend): Promise<Float32Array[]> => {
    const checkpoint = await openCheckpoint(made.url, made.load)
    const model = await loadDecoder(backend, checkpoint, { slots: 128, maxRows: 8 })
    await checkpoint.close()
    const probe = new ModelProbe(backend, model, 128, 8)
    await probe.start(prompts[0]!.slice(0, 2))
    const result = await probe.tree(chain(prompts[0]!.slice(2)))
    probe.dispose()
    model.dispose()
    return [...result.logits]
  }
  const found = await logits(device)
  const furthest = (other: readonly Float32Array[]) =>
    Math.max(...other.flatMap((row, r) => [...row].map((value, i) => Math.abs(value - found[r]![i]!))))
  const same = furthest(await logits(referenceBackend({ arithmetic: 'i8' })))
  const floats = furthest(await logits(referenceBackend()))
  expect(same).toBeLessThan(floats / 4)
})

test('a layer quantises its activations in the ops that write them', async () => {
  const checkpoint = await openCheckpoint(made.url, made.load)
  const model = await loadDecoder(device, checkpoint, { slots: 128, maxRows: 8 })
  await checkpoint.close()
  const probe = new ModelProbe(device, model, 128, 8)
  await probe.start([1, 2])
  await probe.tree(chain([]))
  const before = device.stats.dispatches
  await probe.tree(chain([]))
  const dispatches = device.stats.dispatches - before
  probe.dispose()
  model.dispose()
  // Embedding, with the index, and its rounding; five a layer; the final norm for the probe, LM head and a copy of its logits.
  expect(dispatches).toBe(2 + 5 * shape.layers + 3)
})
