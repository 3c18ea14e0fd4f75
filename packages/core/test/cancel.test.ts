import {
  type Backend,
  type ChatSession,
  createEngine,
  type Engine,
  type GenerateOptions,
  type Part,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { oracle, randomTrees, strategyOf } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const folder = await writeTinyModel({ seed: 3 })
const { ids } = await (await engineOn(folder)).complete(prompt, { maxTokens: 60, ignoreEos: true })
const strategies = [oracle([...prompt, ...ids], 3), randomTrees(61, 20, 1, [...prompt, ...ids])]

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** A backend whose submissions take a while, so that things happen in between; `during` runs while the n-th is under way. */
function slowBackend(during: (submission: number) => void): Backend {
  const inner = referenceBackend()
  let count = 0
  return new Proxy(inner, {
    get: (target, key) => {
      if (key === 'submit')
        return async (...args: Parameters<Backend['submit']>) => {
          during(++count)
          await new Promise((resolve) => setTimeout(resolve, 1))
          return target.submit(...args)
        }
      const value = target[key as keyof Backend]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function parts(
  engine: Engine,
  options: GenerateOptions,
  each: (part: Part, index: number) => unknown,
): Promise<void> {
  let index = 0
  for await (const part of engine.generate(prompt, { maxTokens: 40, ignoreEos: true, ...options }))
    await each(part, index++)
}

describe.each(['plain', 'oracle', 'random trees'])('%s', (strategy) => {
  test('an aborted signal ends it before anything is taken', async () => {
    const engine = await engineOn(folder, { strategies })
    const { liveBytes, submits } = engine.backend.stats
    const reason = new Error('enough')
    const error = await failure(() => engine.complete(prompt, { strategy, signal: AbortSignal.abort(reason) }))
    expect(error.code).toBe('ABORTED')
    expect(error.cause).toBe(reason)
    expect(engine.backend.stats).toMatchObject({ liveBytes, submits })
  })

  test('abort between rounds and during one ends the stream and frees its session', async () => {
    for (const at of [1, 2, 3, 5]) {
      const controller = new AbortController()
      const backend = slowBackend((submission) => submission === at && controller.abort())
      const engine = await engineOn(folder, { strategies, backend })
      const { liveBytes } = backend.stats
      const seen: Part[] = []
      const error = await failure(() =>
        parts(engine, { strategy, signal: controller.signal }, (part) => seen.push(part)),
      )
      expect(error.code).toBe('ABORTED')
      // The first submission is the prompt's; the round that was under way still reports, and one that was begun ahead of it does not.
      expect(seen.length).toBe(strategy === 'plain' && at > 2 ? at - 2 : at - 1)
      expect(seen.every(({ finish }) => finish === null)).toBe(true)
      expect(backend.stats.liveBytes).toBe(liveBytes)
      expect((await engine.complete(prompt, { strategy, maxTokens: 20, ignoreEos: true })).ids).toEqual(
        ids.slice(0, 20),
      )
    }
  })

  test('leaving the loop frees its session', async () => {
    const engine = await engineOn(folder, { strategies })
    const { liveBytes } = engine.backend.stats
    for await (const _ of engine.generate(prompt, { strategy })) {
      expect(engine.backend.stats.liveBytes).toBeGreaterThan(liveBytes)
      break
    }
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    const never = engine.generate(prompt, { strategy })
    await never.return()
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test("the consumer's own exception passes, and frees its session", async () => {
    const engine = await engineOn(folder, { strategies })
    const { liveBytes } = engine.backend.stats
    const mine = new Error('mine')
    await expect(
      parts(engine, { strategy }, () => {
        throw mine
      }),
    ).rejects.toBe(mine)
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test('disposal of the engine between rounds and during one ends the stream, and frees everything', async () => {
    for (const at of [0, 1, 2, 4]) {
      let engine: Engine | null = null
      let disposal: Promise<void> | undefined
      const backend = slowBackend((submission) => {
        if (submission === at) disposal = engine?.dispose()
      })
      engine = await createEngine({ backend, model: folder, strategies, capacity: 200, selfCheck: false })
      const made = engine
      const error = await failure(() =>
        parts(made, { strategy }, (_, index) => {
          if (at === 0 && index === 1) disposal = made.dispose()
        }),
      )
      expect(error.code).toBe('DISPOSED')
      expect(error.message).toContain('session')
      await disposal
      await made.dispose()
      expect(backend.stats.liveBytes).toBe(0)
    }
  })

  test('generations that interleave give what each gives alone', async () => {
    const engine = await engineOn(folder, { strategies, backend: slowBackend(() => {}), keepSessions: 0 })
    const { liveBytes } = engine.backend.stats
    const prompts = [prompt, [4], Array.from({ length: 80 }, (_, i) => (i * 7) % 61)]
    const alone: unknown[] = []
    for (const each of prompts) alone.push((await engine.complete(each, { maxTokens: 20, ignoreEos: true })).ids)
    const together = await Promise.all(
      prompts.map((each, i) =>
        engine.complete(each, { maxTokens: 20, ignoreEos: true, strategy: i === 0 ? strategy : 'random trees' }),
      ),
    )
    expect(together.map((result) => result.ids)).toEqual(alone)
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })
})

test('one of several generations that fails leaves the others alone', async () => {
  const failing = strategyOf('failing', () => ({
    propose: () => {
      throw new Error('no idea')
    },
  }))
  const engine = await engineOn(folder, {
    strategies: [...strategies, failing],
    backend: slowBackend(() => {}),
    keepSessions: 0,
  })
  const { liveBytes } = engine.backend.stats
  const options = { maxTokens: 20, ignoreEos: true }
  const [a, b, c] = await Promise.allSettled([
    engine.complete(prompt, { ...options, strategy: 'oracle' }),
    engine.complete(prompt, { ...options, strategy: 'failing' }),
    engine.complete(prompt, options),
  ])
  expect(a).toMatchObject({ value: { ids: ids.slice(0, 20) } })
  expect(b).toMatchObject({ reason: { code: 'STRATEGY_FAILED', details: { strategy: 'failing' } } })
  expect(c).toMatchObject({ value: { ids: ids.slice(0, 20) } })
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})

test('a chat that is disposed of while a round runs ends after it, and what the round uses lives as long', async () => {
  const chatty = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
  for (const at of [1, 2, 4]) {
    let chat: ChatSession | null = null
    const engine = await engineOn(chatty, {
      backend: slowBackend((submission) => submission === at && chat?.dispose()),
    })
    const { liveBytes } = engine.backend.stats
    chat = engine.session()
    const made = chat
    const seen: Part[] = []
    const error = await failure(async () => {
      for await (const part of made.send('who are you?', { ignoreEos: true })) seen.push(part)
    })
    expect(error).toMatchObject({ code: 'DISPOSED', message: expect.stringContaining('session') })
    // From the second on rounds are submitted while the one before them is under way.
    expect(seen.length).toBe(Math.min(at - 1, Math.max(1, at - 2)))
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  }
})

test('using leaves nothing behind', async () => {
  const backend = referenceBackend()
  {
    await using engine = await createEngine({ backend, model: folder, capacity: 100, selfCheck: false })
    await engine.complete(prompt, { maxTokens: 3 })
    expect(backend.stats.liveBytes).toBeGreaterThan(0)
  }
  expect(backend.stats.liveBytes).toBe(0)
})

test('loading is aborted while weights go to the device', async () => {
  for (const at of [1, 3, 6]) {
    const backend = referenceBackend()
    const controller = new AbortController()
    let tensors = 0
    const onProgress = () => ++tensors === at && controller.abort()
    const error = await failure(() => createEngine({ backend, model: folder, signal: controller.signal, onProgress }))
    expect(error.code).toBe('ABORTED')
    expect(backend.stats.liveBytes).toBe(0)
  }
})
