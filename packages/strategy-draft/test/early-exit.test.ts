import type { Completion, Engine, Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { readReference } from '../../../verify/src/reference'
import { engineOn } from '../../core/test/support/engines'
import { draftModel, earlyExit } from '../src'
import { faintFrom, firstLayers } from './early-exit-models'

const stories = 'models/stories-5m'
const contexts = await readReference(`${stories}/reference.json`)

const shapes = { chain: { tokens: 4 }, tree: { branches: [3, 2, 1] }, wide: { branches: [7, 8] } }

interface Case {
  readonly name: string
  readonly model: string
  readonly layers: readonly number[]
  readonly prompts: readonly (readonly number[])[]
  readonly count: number
  readonly shapes: readonly (keyof typeof shapes)[]
}

const cases: readonly Case[] = [
  {
    name: 'a tiny target with late layers that say little',
    model: await faintFrom(1, 0.3),
    layers: [1, 2, 3],
    prompts: [[3], [5, 9, 11, 5, 9, 11, 5], Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % 61)],
    count: 40,
    shapes: ['chain', 'tree', 'wide'],
  },
  {
    name: 'stories-5m',
    model: stories,
    layers: [1, 3, 5],
    prompts: contexts.slice(0, 2).map(({ promptIds }) => promptIds),
    count: 16,
    shapes: ['chain', 'tree'],
  },
]

function complete(engine: Engine, prompt: readonly number[], strategy: string, count: number): Promise<Completion> {
  return engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true })
}

/** Drafts of a fresh session at each of `ends`. */
async function drafts(model: string, strategy: Strategy, text: readonly number[], ends: readonly number[]) {
  const backend = referenceBackend()
  const probe = await DraftProbe.open({ backend, model, strategy })
  const found = []
  for (const end of ends) {
    await probe.start(text.slice(0, end))
    found.push((await probe.draft({ nodes: 63, depth: 63 })).tree)
  }
  await probe.dispose()
  expect(backend.stats.liveBytes).toBe(0)
  return found
}

describe.each(cases)('$name', ({ model, layers, prompts, count, shapes: names }) => {
  describe.each(layers.map((layer) => [layer]))('that exits before layer %i', async (layer) => {
    const alone = await firstLayers(model, layer)

    test('drafts what a model of those layers alone drafts, at any length', async () => {
      const prompt = prompts.at(-1) as readonly number[]
      const { ids } = await complete(await engineOn(model), prompt, 'plain', 10)
      const text = [...prompt, ...ids]
      for (const name of names) {
        const size = shapes[name]
        const ends = [1, prompt.length - 1, prompt.length >> 1, text.length]
        const own = await drafts(model, earlyExit({ layer, ...size }), text, ends)
        expect(own).toEqual(await drafts(model, draftModel({ model: alone, ...size }), text, ends))
        expect(new Set(own.flatMap(({ tokens }) => tokens)).size).toBeGreaterThan(3)
      }
    })

    test('gives the ids of plain decoding, and accepts as a draft model of those layers', async () => {
      const strategies = names.flatMap((name) => [
        earlyExit({ layer, name, ...shapes[name] }),
        draftModel({ model: alone, name: `${name} apart`, ...shapes[name] }),
      ])
      const engine = await engineOn(model, { strategies })
      for (const prompt of prompts) {
        const { ids } = await complete(engine, prompt, 'plain', count)
        for (const strategy of names) {
          const own = await complete(engine, prompt, strategy, count)
          expect({ strategy, ids: own.ids }).toEqual({ strategy, ids })
          expect(own.stats.submits).toBe(own.stats.rounds + Math.ceil((prompt.length - 1) / 64))
          expect(own.stats.reads).toBe(own.stats.rounds)
          expect(own.stats.tokens).toBe(own.stats.rounds + own.stats.accepted)
        }
      }
      // With no room behind the text a draft model, whose rounds are begun ahead, drafts no further than this does either.
      const prompt = prompts[1] as readonly number[]
      const tight = await engineOn(model, { strategies, capacity: prompt.length + count })
      for (const strategy of names) {
        const own = await complete(tight, prompt, strategy, count)
        const apart = await complete(tight, prompt, `${strategy} apart`, count)
        for (const stat of ['rounds', 'proposed', 'evaluated', 'accepted', 'acceptedByDepth'] as const)
          expect({ strategy, [stat]: own.stats[stat] }).toEqual({ strategy, [stat]: apart.stats[stat] })
      }
    })
  })
})

test('some drafts of stories-5m are right and some wrong', async () => {
  const engine = await engineOn(stories, { strategies: [earlyExit({ layer: 4 })] })
  const { stats } = await complete(engine, contexts[1]?.promptIds as number[], 'early-exit', 48)
  expect(stats.accepted).toBeGreaterThan(3)
  expect(stats.accepted).toBeLessThan(stats.proposed)
})

test.each([1, 2, 3])('where the layers from %i on change nothing, every drafted token is accepted', async (layer) => {
  const engine = await engineOn(await faintFrom(layer, 0), {
    strategies: [
      earlyExit({ layer, name: 'chain', tokens: 4 }),
      earlyExit({ layer, name: 'tree', branches: [3, 2, 1, 1] }),
    ],
  })
  for (const prompt of [[3], [5, 9, 11, 5, 9, 11, 5]]) {
    const { ids } = await complete(engine, prompt, 'plain', 60)
    for (const strategy of ['chain', 'tree']) {
      const result = await complete(engine, prompt, strategy, 60)
      expect({ strategy, ids: result.ids }).toEqual({ strategy, ids })
      expect(result.stats).toMatchObject({ rounds: 12, accepted: 48 })
      if (strategy === 'chain') expect(result.stats.proposed).toBe(48)
    }
  }
})

test('passes of any size: what does not fit is not drafted', async () => {
  const model = await faintFrom(2, 0.3)
  for (const maxRows of [1, 2, 3, 5, 16]) {
    const engine = await engineOn(model, {
      maxRows,
      strategies: [
        earlyExit({ layer: 2, name: 'chain', tokens: 20 }),
        earlyExit({ layer: 2, name: 'tree', branches: [1, 3, 2] }),
      ],
    })
    const { ids } = await complete(engine, [5, 9, 11], 'plain', 40)
    for (const strategy of ['chain', 'tree']) {
      const result = await complete(engine, [5, 9, 11], strategy, 40)
      expect({ maxRows, strategy, ids: result.ids }).toEqual({ maxRows, strategy, ids })
      expect(result.stats.accepted > 0).toBe(maxRows > 1)
    }
  }
})
