import type { Strategy } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { oracle } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const options = { maxTokens: 20, ignoreEos: true }
const folder = await writeTinyModel({ seed: 3 })
const engine = await engineOn(folder, { keepSessions: 0 })
const plain = await engine.complete(prompt, options)
const text = [...prompt, ...plain.ids]

/** A strategy with `bytes` of the device's memory, a draft model and a hidden state of the target. */
function heavy(name: string, { fails = false } = {}): Strategy {
  return {
    specVersion: 1,
    name,
    needs: { finalHidden: true },
    load: async (host) => {
      const model = await host.loadModel(folder)
      const tensor = host.backend.tensor([1024], 'f32', name)
      if (fails) {
        tensor.dispose()
        throw new Error('no luck')
      }
      return {
        start: (session) => oracleProposer(session.tokens),
        dispose: () => {
          tensor.dispose()
          model.model.dispose()
        },
      }
    },
  }
}

const oracleProposer = (tokens: readonly number[]) => ({
  propose: () => ({
    tokens: text.slice(tokens.length, tokens.length + 1),
    parents: tokens.length < text.length ? [-1] : [],
  }),
})

test('a strategy that is added decodes, and gives back every byte when it is removed', async () => {
  const before = engine.backend.stats.liveBytes
  await engine.addStrategy(heavy('late'))
  expect(engine.strategies).toEqual(['plain', 'late'])
  expect(engine.backend.stats.liveBytes).toBeGreaterThan(before + 4096)
  const { ids, stats } = await engine.complete(prompt, { ...options, strategy: 'late' })
  expect(ids).toEqual(plain.ids)
  expect(stats.accepted).toBeGreaterThan(5)
  await engine.removeStrategy('late')
  expect(engine.strategies).toEqual(['plain'])
  expect(engine.backend.stats.liveBytes).toBe(before)
  expect(await failure(() => engine.complete(prompt, { ...options, strategy: 'late' }))).toMatchObject({
    code: 'STRATEGY_UNKNOWN',
  })
})

test('another generation goes on while a strategy is loaded', async () => {
  const running = engine.complete(prompt, options)
  await engine.addStrategy(oracle(text, 3))
  expect((await running).ids).toEqual(plain.ids)
  await engine.removeStrategy('oracle')
})

test('a strategy that does not load leaves nothing behind, and its name is free', async () => {
  const before = engine.backend.stats.liveBytes
  expect(await failure(() => engine.addStrategy(heavy('broken', { fails: true })))).toMatchObject({
    code: 'STRATEGY_FAILED',
  })
  expect(engine.backend.stats.liveBytes).toBe(before)
  expect(engine.strategies).toEqual(['plain'])
  await engine.addStrategy(heavy('broken'))
  await engine.removeStrategy('broken')
})

test('names are taken once, also while the first is still loading', async () => {
  const [first, second] = await Promise.allSettled([
    engine.addStrategy(heavy('twin')),
    engine.addStrategy(heavy('twin')),
  ])
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
  expect(await failure(() => engine.addStrategy(heavy('plain')))).toMatchObject({ code: 'STRATEGY_DUPLICATE' })
  await engine.removeStrategy('twin')
  expect(await failure(() => engine.removeStrategy('twin'))).toMatchObject({ code: 'STRATEGY_UNKNOWN' })
})

test('a strategy in use stays', async () => {
  await engine.addStrategy(oracle(text, 3))
  const parts = engine.generate(prompt, { ...options, strategy: 'oracle' })
  await parts.next()
  expect(await failure(() => engine.removeStrategy('oracle'))).toMatchObject({ code: 'BUSY' })
  await parts.return()
  await engine.removeStrategy('oracle')
})

test('an engine that ends while a strategy loads frees it', async () => {
  const ending = await engineOn(folder)
  const coming = failure(() => ending.addStrategy(heavy('late')))
  await ending.dispose()
  expect(await coming).toMatchObject({ code: 'DISPOSED' })
  expect(ending.backend.stats.liveBytes).toBe(0)
  expect(await failure(() => ending.addStrategy(heavy('later')))).toMatchObject({ code: 'DISPOSED' })
})

test('one that joins after the signal of the loading was aborted is loaded all the same', async () => {
  const loading = new AbortController()
  const engine = await engineOn(folder, { signal: loading.signal })
  loading.abort()
  await engine.addStrategy(heavy('after'))
  expect((await engine.complete(prompt, { ...options, strategy: 'after' })).ids).toEqual(plain.ids)
})
