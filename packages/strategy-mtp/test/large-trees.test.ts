import { createEngine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { checkDraftState } from '../../../verify/src/draft-state'
import { alternating, oracle, randomTrees } from '../../core/test/support/strategies'
import { mtp } from '../src'
import { named, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const { folder: model } = await tinyTarget(5)
const modules = await Promise.all([11, 12, 13].map(tinyModule))
const prompt = Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 61)
const head = await writeModules(
  modules.flatMap((module, number) => named(stored(module), (name) => `model.layers.${number}.${name}`)),
)
const plain = await createEngine({ backend: referenceBackend(), model, capacity: 90, selfCheck: false })
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: 79, ignoreEos: true })).ids]
await plain.dispose()

describe.each<[string, Strategy]>([
  ['one module', mtp({ head, modules: 1, tokens: 4 })],
  ['one module a token', mtp({ head })],
])('%s is fed what others drafted in passes of 256 rows', (_, strategy) => {
  test.each<[string, Strategy, number[]]>([
    ['trees of more nodes than a path has rows', randomTrees(61, 255, 1, text), [20, 20, 20, 20, 20, 20]],
    ['a chain as long as a path', oracle(text, 63), [2, 64, 5]],
  ])('%s', async (__, others, most) => {
    const backend = referenceBackend()
    const { drafted, faults } = await checkDraftState({
      backend,
      model,
      strategy,
      mix: (own) => alternating('mixed', [own, others]),
      maxRows: 256,
      run: async (stepper) => {
        await stepper.extend(prompt)
        for (const tokens of most) await stepper.round(tokens)
        expect(stepper.sequence.tokens).toEqual(text.slice(0, stepper.sequence.tokens.length))
      },
    })
    expect(faults).toEqual([])
    expect(drafted).toHaveLength(Math.ceil(most.length / 2))
    expect(backend.stats.liveBytes).toBe(0)
  })
})
