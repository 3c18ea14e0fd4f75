import { type Completion, type Engine, OutriderError, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { blur, writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, lookup } from '../src'

const prompts = [[3], [5, 9, 11, 5, 9, 11, 5], Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % 61)]
const count = 60

function complete(engine: Engine, prompt: readonly number[], strategy: string): Promise<Completion> {
  return engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true })
}

/** One submission and one read a round, besides the chunks of the prompt; a token of its own a round. */
function checkCounts({ stats }: Completion, promptTokens: number, maxRows = 64): void {
  expect(stats.submits).toBe(stats.rounds + Math.ceil((promptTokens - 1) / maxRows))
  expect(stats.reads).toBe(stats.rounds)
  expect(stats.tokens).toBe(stats.rounds + stats.accepted)
  expect(stats.acceptedByDepth.reduce((a, b) => a + b, 0)).toBe(stats.accepted)
}

describe.each([1, 2])('a tiny target of seed %i', async (seed) => {
  const target = await writeTinyModel({ seed })
  const near = await writeTinyModel({ seed, edit: blur(0.3) })
  const far = await writeTinyModel({ seed: seed + 100, config: { num_hidden_layers: 1, num_key_value_heads: 2 } })
  const plain = await engineOn(target)
  const texts = await Promise.all(prompts.map(async (prompt) => (await complete(plain, prompt, 'plain')).ids))

  test('every strategy of this package gives the ids of plain decoding', async () => {
    const engine = await engineOn(target, {
      strategies: [
        lookup(),
        lookup({ name: 'long lookup', maxNgram: 5, minNgram: 2, tokens: 20 }),
        draftModel({ model: near, name: 'near chain' }),
        draftModel({ model: near, name: 'near tree', branches: [3, 2, 2] }),
        draftModel({ model: far, name: 'far chain', tokens: 3 }),
        draftModel({ model: far, name: 'far tree', branches: [4, 3] }),
      ],
    })
    const lengths = new Map<string, number>()
    for (const [i, prompt] of prompts.entries())
      for (const strategy of engine.strategies) {
        const result = await complete(engine, prompt, strategy)
        expect({ strategy, ids: result.ids }).toEqual({ strategy, ids: texts[i] })
        checkCounts(result, prompt.length)
        lengths.set(strategy, (lengths.get(strategy) ?? 0) + result.stats.meanAcceptanceLength / prompts.length)
      }
    // Neither never nor always: paths of every length were accepted and refused.
    for (const strategy of ['near chain', 'near tree']) {
      expect(lengths.get(strategy)).toBeGreaterThan(1.2)
      expect(lengths.get(strategy)).toBeLessThan(3.9)
    }
  })

  test('the target as its own draft is accepted whole, round after round', async () => {
    const engine = await engineOn(target, {
      strategies: [
        draftModel({ model: target, name: 'one', tokens: 1 }),
        draftModel({ model: target, name: 'chain', tokens: 4 }),
        draftModel({ model: target, name: 'tree', branches: [3, 2, 1] }),
        draftModel({ model: target, name: 'wide', branches: [2, 2, 2, 2] }),
      ],
    })
    const levels = { one: 1, chain: 4, tree: 3, wide: 4 }
    for (const [i, prompt] of prompts.entries())
      for (const [strategy, depth] of Object.entries(levels)) {
        const result = await complete(engine, prompt, strategy)
        expect({ strategy, ids: result.ids }).toEqual({ strategy, ids: texts[i] })
        expect(result.stats.rounds).toBe(Math.ceil(count / (depth + 1)))
        expect(result.stats.accepted).toBe(count - result.stats.rounds)
        checkCounts(result, prompt.length)
      }
  })
})

describe('options', () => {
  const code = (make: () => Strategy): string => {
    try {
      make()
      return 'none'
    } catch (error) {
      return OutriderError.is(error) ? error.code : 'other'
    }
  }

  test.each([{ maxNgram: 0 }, { minNgram: 0 }, { tokens: 0 }, { tokens: 1.5 }, { maxNgram: 2, minNgram: 3 }])(
    'lookup refuses %o',
    (options) => expect(code(() => lookup(options))).toBe('INVALID_OPTION'),
  )

  test.each([
    { tokens: 0 },
    { tokens: -1 },
    { tokens: 2.5 },
    { tokens: Number.NaN },
    { tokens: 3, branches: [1] },
    { branches: [] },
    { branches: [0] },
    { branches: [33] },
    { branches: [2, 1.5] },
    { branches: [16, 15] },
    { tokens: 64 },
  ])('draftModel refuses %o', (options) =>
    expect(code(() => draftModel({ model: 'anywhere', ...options }))).toBe('INVALID_OPTION'),
  )
})
