import { adaptive, type Backend, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { testGenerations } from '../../../verify/src/generation-tests'
import { testHeadOnDevice } from '../../../verify/src/head-tests'
import { mtp } from '../src'
import { asMimo, named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const head = 'models/stories-5m/mtp'

testHeadOnDevice({ head: 'mtp', chain: mtp({ head, tokens: 5 }) }, webgpu)

testGenerations('mtp on WebGPU', {
  backend: webgpu,
  strategies: [
    mtp({ head, name: 'chain', tokens: 4 }),
    mtp({ head, name: 'tree', choices: [[0], [1], [2], [0, 0], [0, 1], [1, 0], [0, 0, 0]] }),
    { ...adaptive(mtp({ head, tokens: 4 }), { cost: { rows: [1, 8, 64], ms: [1, 1.1, 1.4] } }), name: 'measured' },
  ],
  contexts: 1,
  tokens: 32,
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
