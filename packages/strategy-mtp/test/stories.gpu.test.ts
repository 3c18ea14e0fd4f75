import { type Backend, createEngine, type Engine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSameTokens } from '../../../verify/src/checks'
import { checkAccepted, checkDrafts } from '../../../verify/src/draft-checks'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { mtp } from '../src'
import { asMimo, named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const model = 'models/stories-5m'
const head = `${model}/mtp`
let contexts: readonly ReferenceContext[]
let backend: Backend

beforeAll(async () => {
  contexts = await readReference(`${model}/reference.json`)
  backend = await webgpu()
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

describe('the module of stories-5m on WebGPU', () => {
  let probe: DraftProbe

  beforeAll(async () => {
    probe = await DraftProbe.open({ backend, model, strategy: mtp({ head, tokens: 5 }) })
  })

  afterAll(() => probe.dispose())

  test('drafts what the reference outputs say, near ties apart', async () => {
    const { faults } = await checkDrafts(probe, { head: 'mtp', contexts, ties: 'near ties may differ' })
    expect(faults).toEqual([])
  })

  test('is right as often as the reference outputs say, 2 % of the positions apart', async () => {
    const some = contexts.slice(0, 2)
    const { faults } = await checkAccepted(probe, { head: 'mtp', contexts: some, share: 0.02 })
    expect(faults).toEqual([])
  })
})

describe('generations on WebGPU', () => {
  let engine: Engine

  beforeAll(async () => {
    const strategies = [
      mtp({ head, name: 'chain', tokens: 4 }),
      mtp({ head, name: 'tree', choices: [[0], [1], [2], [0, 0], [0, 1], [1, 0], [0, 0, 0]] }),
    ]
    engine = await createEngine({ backend, model, capacity: 128, strategies, selfCheck: false })
  })

  afterAll(() => engine.dispose())

  test('give the ids of plain decoding', async () => {
    const prompts = contexts.slice(0, 2).map(({ promptIds }) => promptIds)
    expect((await checkSameTokens(engine, prompts, ['chain', 'tree'], 32)).faults).toEqual([])
  })

  test('take one submission and one read a round', async () => {
    const { promptIds } = contexts[1] as ReferenceContext
    for (const strategy of ['chain', 'tree']) {
      const { stats } = await engine.complete(promptIds, { strategy, maxTokens: 12, ignoreEos: true })
      expect({ strategy, submits: stats.submits, reads: stats.reads }).toEqual({
        strategy,
        submits: stats.rounds + 1,
        reads: stats.rounds,
      })
    }
  })
})

describe('tiny modules draft on WebGPU what they draft on the reference backend', async () => {
  const target = await tinyTarget(5)
  const modules = await Promise.all([11, 12, 13].map(tinyModule))
  const [first] = modules as [Parameters<typeof stored>[0]]
  const each = await writeModules(
    modules.flatMap((module, number) => named(stored(module), (name) => `model.layers.${number}.${name}`)),
  )
  const trunk = await writeModules(
    modules.flatMap((module, number) =>
      named(
        stored(module).filter(({ name }) => /self_attn|mlp|layernorm/.test(name)),
        (name) => `extra_heads.${number}.${name}`,
      ),
    ),
  )
  const text = Array.from({ length: 24 }, (_, i) => (i * 13 + 5) % 61)
  const drafts = async (on: Backend, strategy: Strategy) => {
    const probe = await DraftProbe.open({ backend: on, model: target.folder, strategy, maxRows: 8, capacity: 60 })
    const all = []
    await probe.start(text.slice(0, 12))
    for (let at = 12; at < text.length; at++) {
      const { tree, steps } = await probe.draft({ nodes: 7, depth: 4 })
      all.push({ tree, logProbs: steps.map(({ logProbs }) => logProbs[0] as number) })
      await probe.extend([text[at] as number])
    }
    await probe.dispose()
    return all
  }

  test.each<[string, () => Promise<Strategy>]>([
    ['in MiMo’s layout', async () => mtp({ head: await writeModules(asMimo(stored(first), 0)), branches: [2, 1] })],
    ['one module a token', async () => mtp({ head: each })],
    ['heads on the trunk', async () => mtp({ head: trunk, choices: [[0], [1], [1, 0], [1, 2], [1, 0, 0]] })],
  ])('%s', async (_, make) => {
    const device = await webgpu({ cacheType: 'f32' })
    const strategy = await make()
    const [found, wanted] = [await drafts(device, strategy), await drafts(referenceBackend(), strategy)]
    device.dispose()
    expect(found.map(({ tree }) => tree)).toEqual(wanted.map(({ tree }) => tree))
    for (const [i, { logProbs }] of found.entries())
      for (const [j, value] of logProbs.entries())
        expect(Math.abs(value - (wanted[i]?.logProbs[j] as number))).toBeLessThan(1e-3)
  })
})
