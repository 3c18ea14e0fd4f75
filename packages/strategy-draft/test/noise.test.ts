import type { Engine, GenerateOptions } from '@outrider/core'
import { expect, test } from 'vitest'
import { testDraws } from '../../../verify/src/sampling-tests'
import { engineOn } from '../../core/test/support/engines'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, earlyExit } from '../src'
import { faintFrom } from './early-exit-models'

const model = await writeTinyModel({ seed: 3 })
const prompts = [[3], [5, 9, 11, 5, 9, 11, 5], Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % 61)]
const [text] = prompts.slice(2) as [number[]]
const count = 60

const shapes = {
  one: { tokens: 1 },
  chain: { tokens: 4 },
  tree: { branches: [3, 2, 1] },
  wide: { branches: [2, 2, 2, 2] },
}
const depths = { one: 1, chain: 4, tree: 3, wide: 4 }

/** Every drafted token is accepted, and the text is that of plain decoding. */
async function acceptsAll(engine: Engine, options: GenerateOptions): Promise<void> {
  for (const prompt of prompts) {
    const request = { ...options, maxTokens: count, ignoreEos: true }
    const { ids } = await engine.complete(prompt, request)
    for (const [strategy, depth] of Object.entries(depths)) {
      const result = await engine.complete(prompt, { ...request, strategy })
      expect({ strategy, ids: result.ids }).toEqual({ strategy, ids })
      const rounds = Math.ceil(count / (depth + 1))
      expect({ strategy, ...result.stats }).toMatchObject({ strategy, rounds, accepted: count - rounds })
    }
  }
}

test.each([0.7, 1, 1.3])('at temperature %d the target as its own draft is accepted whole', async (temperature) => {
  const strategies = Object.entries(shapes).map(([name, size]) => draftModel({ model, name, ...size }))
  await acceptsAll(await engineOn(model, { strategies }), { temperature, seed: 5 })
})

test.each([0.7, 1.3])('at temperature %d an early exit before layers that do nothing is accepted whole', async (at) => {
  const strategies = Object.entries(shapes).map(([name, size]) => earlyExit({ layer: 2, name, ...size }))
  await acceptsAll(await engineOn(await faintFrom(2, 0), { strategies }), { temperature: at, seed: 6 })
})

for (const [name, size] of Object.entries(shapes)) {
  testDraws(`a draft model, ${name}`, { model, text, strategy: draftModel({ model, ...size }), rows: 'nodes' })
  testDraws(`an early exit, ${name}`, { model, text, strategy: earlyExit({ layer: 1, ...size }), rows: 'nodes' })
}
