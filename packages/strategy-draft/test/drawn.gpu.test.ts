import { rejection } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel } from '../src'

test('on WebGPU the target as its own draft is kept whole under rejection, in one submission and one read a round', async () => {
  const model = await writeTinyModel({ seed: 3 })
  const strategies = [
    draftModel({ model, name: 'chain', tokens: 4 }),
    draftModel({ model, name: 'tree', branches: [2, 1, 1] }),
  ]
  const engine = await engineOn(model, { backend: await webgpu(), strategies, maxRows: 8 })
  const options = { acceptance: rejection, temperature: 0.8, seed: 5, maxTokens: 40, ignoreEos: true }
  for (const [strategy, perRound] of [
    ['chain', 5],
    ['tree', 4],
  ] as const) {
    const { stats } = await engine.complete([5, 9, 11, 5, 9], { ...options, strategy })
    const rounds = 40 / perRound
    expect({ strategy, ...stats }).toMatchObject({ strategy, rounds, submits: rounds + 1, reads: rounds })
  }
})
