import type { Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { readReference } from '../../../verify/src/reference'
import type { SafeTensor } from '../../core/test/support/safetensors-file'
import { mtp } from '../src'
import { asMeta, asMimo, asQwen, named, storiesModule, storiesTarget, writeModules } from './modules'

const model = 'models/stories-5m'
const backend = referenceBackend()
const module = await storiesModule()
const target = await storiesTarget()
const contexts = (await readReference(`${model}/reference.json`)).slice(1, 4)
const embedding = target.find(({ name }) => name === 'model.embed_tokens.weight') as SafeTensor
const layerOf = (layer: number) =>
  target
    .filter(({ name }) => name.startsWith(`model.layers.${layer}.`))
    .map((tensor) => ({ ...tensor, name: tensor.name.replace(`model.layers.${layer}.`, '') }))

afterAll(() => expect(backend.stats.liveBytes).toBe(0))

/** What is drafted after the prompts: for each context the tokens, and the best eight of every step. */
async function drafts(strategy: Strategy) {
  const probe = await DraftProbe.open({ backend, model, strategy })
  try {
    const all = []
    for (const { promptIds, greedyIds } of contexts) {
      await probe.start([...promptIds, greedyIds[0] as number])
      all.push(await probe.draft({ nodes: 63, depth: 32 }))
    }
    return all
  } finally {
    await probe.dispose()
  }
}

const tokens = 4
const expected = await drafts(mtp({ head: `${model}/mtp`, tokens }))

describe('one module, whatever it is called', () => {
  test('in DeepSeek’s names: alone, with copies of the target’s tables, in one checkpoint with the target', async () => {
    const alone = named(module, (name) => `model.layers.0.${name}`)
    expect(await drafts(mtp({ head: await writeModules(alone), tokens }))).toEqual(expected)
    const tables = ['embed_tokens', 'shared_head.head'].map((name) => ({
      ...embedding,
      name: `model.layers.0.${name}.weight`,
    }))
    expect(await drafts(mtp({ head: await writeModules([...alone, ...tables]), tokens }))).toEqual(expected)
    const merged = [...target, ...named(module, (name) => `model.layers.6.${name}`)]
    expect(await drafts(mtp({ head: await writeModules(merged), tokens }))).toEqual(expected)
  })

  test('in Qwen3-Next’s names, with norms stored as what is added to 1', async () => {
    const head = await writeModules(asQwen(module, 0))
    expect(await drafts(mtp({ head, tokens }))).toEqual(expected)
  })

  test('in MiMo’s names, with the hidden half first; the embedding at position 0 is left out', async () => {
    const found = await drafts(mtp({ head: await writeModules(asMimo(module, 0)), tokens }))
    expect(found.map(({ tree }) => tree)).toEqual(expected.map(({ tree }) => tree))
    expect(found).not.toEqual(expected)
    const distance = found.flatMap(({ steps }, i) =>
      steps.map(({ logProbs }, j) =>
        Math.abs((logProbs[0] as number) - (expected[i]?.steps[j]?.logProbs[0] as number)),
      ),
    )
    expect(Math.max(...distance)).toBeLessThan(0.5)
  })

  test('of several, the first alone', async () => {
    const two = [0, 1].flatMap((number) => [...named(module, (name) => `model.layers.${number}.${name}`)])
    expect(await drafts(mtp({ head: await writeModules(two), modules: 1, tokens }))).toEqual(expected)
  })

  test('fed or feeding back other states: other drafts', async () => {
    const head = `${model}/mtp`
    const [fed, recycled] = [
      await drafts(mtp({ head, tokens, fed: 'stream' })),
      await drafts(mtp({ head, tokens, recycled: 'stream' })),
    ]
    // hnorm takes the scale away again, so that only the final norm's gains are missing.
    expect(fed).not.toEqual(expected)
    expect(recycled.map(({ steps }) => steps[0])).toEqual(expected.map(({ steps }) => steps[0]))
    expect(recycled.map(({ steps }) => steps[1])).not.toEqual(expected.map(({ steps }) => steps[1]))
  })
})

describe('Meta’s heads on the target’s trunk', () => {
  // With the target's own last layer a head says what the target said one position before: the pending token.
  const copies = (names: (layer: readonly SafeTensor[], head: number) => readonly SafeTensor[]) => [
    ...names(layerOf(5), 0),
    ...names(layerOf(4), 1),
    ...names(layerOf(5), 2),
  ]
  const meta = copies((layer, head) => asMeta(layer, head, 32))
  const hf = copies((layer, head) => named(layer, (name) => `extra_heads.${head}.${name}`))

  test('with the target’s last layer say what the target says', async () => {
    const found = await drafts(mtp({ head: await writeModules(meta) }))
    for (const [i, { promptIds: _, greedyIds, next }] of contexts.entries()) {
      const { tree, steps } = found[i] as (typeof found)[number]
      expect(tree.parents).toEqual([-1, 0, 1])
      expect([tree.tokens[0], tree.tokens[2]]).toEqual([greedyIds[0], greedyIds[0]])
      for (const head of [0, 2])
        next.logProbs.forEach((logProb, j) => {
          expect(steps[head]?.ids[j]).toBe(next.ids[j])
          expect(Math.abs((steps[head]?.logProbs[j] as number) - logProb)).toBeLessThan(2e-3)
        })
      expect(steps[1]).not.toEqual(steps[0])
    }
  })

  test('in Hugging Face’s names, and as a tree', async () => {
    expect(await drafts(mtp({ head: await writeModules(hf) }))).toEqual(
      await drafts(mtp({ head: await writeModules(meta) })),
    )
    const choices = [[0], [1], [0, 2], [1, 0], [1, 0, 1]]
    const found = await drafts(mtp({ head: await writeModules(hf), choices }))
    for (const { tree, steps } of found) {
      const [a, b, c] = steps.map(({ ids }) => ids) as [readonly number[], readonly number[], readonly number[]]
      expect(tree).toEqual({ tokens: [a[0], a[1], b[2], b[0], c[1]], parents: [-1, -1, 0, 1, 3] })
    }
  })
})
