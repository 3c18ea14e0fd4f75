import { firstOf } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { blur, writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, lookup } from '../src'

test('the first that has something to say drafts, every part follows, and each is credited', async () => {
  const target = await writeTinyModel({ seed: 2 })
  const near = await writeTinyModel({ seed: 2, edit: blur(0.3) })
  const self = draftModel({ model: target, name: 'self', tokens: 3 })
  const engine = await engineOn(target, {
    strategies: [
      { ...firstOf(lookup({ minNgram: 2 }), draftModel({ model: near, branches: [2, 2] })), name: 'mixed' },
      { ...firstOf(lookup({ minNgram: 2 }), self), name: 'lookup or self' },
    ],
  })
  for (const prompt of [[3], [5, 9, 11, 5, 9, 11, 5]]) {
    const plain = await engine.complete(prompt, { maxTokens: 80, ignoreEos: true })
    for (const strategy of ['mixed', 'lookup or self']) {
      const result = await engine.complete(prompt, { strategy, maxTokens: 80, ignoreEos: true })
      expect({ strategy, ids: result.ids }).toEqual({ strategy, ids: plain.ids })
      expect(result.stats.reads).toBe(result.stats.rounds)
      const credited = new Set(result.tokens.flatMap(({ draft }) => draft?.by ?? []))
      expect([...credited].every((name) => ['lookup', 'draft-model', 'self'].includes(name))).toBe(true)
    }
  }
  await engine.dispose()
})

test('a draft model that was silent while the lookup drafted is in step again at once', async () => {
  // A model that drafts for itself is right whenever its cache is: every refused draft is the lookup's.
  const target = await writeTinyModel({ seed: 4 })
  const parts = firstOf(lookup({ minNgram: 3, tokens: 4 }), draftModel({ model: target, name: 'self', tokens: 3 }))
  const engine = await engineOn(target, { strategies: [{ ...parts, name: 'both' }] })
  const prompt = [7, 8, 9, 10, 7, 8, 9, 12, 7, 8, 9]
  let selfRounds = 0
  for await (const part of engine.generate(prompt, { strategy: 'both', maxTokens: 90, ignoreEos: true })) {
    const drafted = part.tokens.filter(({ draft }) => draft?.by[0] === 'self')
    if (drafted.length > 0 && part.finish === null) {
      selfRounds++
      expect(drafted).toHaveLength(3)
    }
  }
  expect(selfRounds).toBeGreaterThan(3)
  await engine.dispose()
})

test('firstOf without parts is refused', () => {
  expect(() => firstOf()).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})
