import {
  type Constraint,
  type ConstraintMatcher,
  collect,
  createEngine,
  type Engine,
  type GenerateOptions,
  type GenerationCheckpoint,
  OutriderError,
} from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { FaultyBackend } from './support/faulty-backend'
import { pairsOnHost } from './support/pair-processors'
import { stepConstraint } from './support/step-constraint'
import { proposing, randomTrees } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const vocab = tinyConfig.vocab_size
const folder = await writeTinyModel({ seed: 5 })
const prompt = [5, 9, 11, 5, 9, 11, 5]
const base: GenerateOptions = { maxTokens: 24, ignoreEos: true, temperature: 0.8, seed: 3, repetitionPenalty: 1.2 }
const undisturbed = await (await engineOn(folder)).complete(prompt, { ...base, constraint: stepConstraint() })
const trees = randomTrees(vocab, 24, 7, [...prompt, ...undisturbed.ids])
const strategies = [
  { ...trees, name: 'trees' },
  { ...onDevice(trees, false), name: 'device trees' },
]

/** Where a constraint is waited for. */
type Call = 'start' | 'mask' | 'accept'

/** `stepConstraint`, slow: while the n-th `call` is waited for, `act` happens. Counts what was started and disposed of. */
function slow(call: Call, at: number, act: () => unknown) {
  const counts = { start: 0, mask: 0, accept: 0, dispose: 0 }
  const inner = stepConstraint()
  const waits = async <T>(which: Call, work: () => T | Promise<T>): Promise<T> => {
    if (++counts[which] === at && which === call) void act()
    await new Promise((resolve) => setTimeout(resolve))
    return work()
  }
  const constraint: Constraint = {
    ...inner,
    start: (vocabulary) =>
      waits('start', async (): Promise<ConstraintMatcher> => {
        const matcher = await inner.start(vocabulary)
        return {
          mask: (path) => waits('mask', () => matcher.mask(path)),
          accept: (tokens) => waits('accept', () => matcher.accept(tokens)),
          dispose: () => void counts.dispose++,
        }
      }),
  }
  return { constraint, counts }
}

describe.each(['plain', 'trees', 'device trees'])('%s', (strategy) => {
  const moments: readonly (readonly [Call, number])[] = [
    ['start', 1],
    ['mask', 1],
    ['mask', 2],
    ['mask', 5],
    ['accept', 1],
    ['accept', 3],
  ]

  /** Runs until something happens in that moment; gives the error and the text before it. */
  async function until(engine: Engine, [call, at]: readonly [Call, number], act: () => unknown, signal?: AbortSignal) {
    const { constraint, counts } = slow(call, at, act)
    const ids: number[] = []
    const options = { ...base, constraint, strategy, ...(signal && { signal }) }
    const error = await failure(async () => {
      for await (const part of engine.generate(prompt, options)) ids.push(...part.tokens.map(({ id }) => id))
    })
    expect(counts.dispose).toBe(1)
    return { error, ids }
  }

  /** What a checkpoint gives on another engine: the rest of the undisturbed run. */
  async function goesOn(error: OutriderError, before: readonly number[]): Promise<void> {
    const spare = await engineOn(folder, { strategies })
    const checkpoint = JSON.parse(JSON.stringify(error.details.checkpoint)) as GenerationCheckpoint
    const rest = await collect(spare.resume(checkpoint, { constraint: stepConstraint() }))
    expect(rest).toMatchObject({ ids: undisturbed.ids, resumed: { exact: true, replayed: before.length } })
    expect([...before, ...rest.tokens.map(({ id }) => id)]).toEqual(undisturbed.ids)
  }

  test.each(moments)('aborted while %s number %i is waited for', async (...moment) => {
    const engine = await engineOn(folder, { strategies })
    const { liveBytes } = engine.backend.stats
    const stop = new AbortController()
    const { error, ids } = await until(engine, moment, () => stop.abort('enough'), stop.signal)
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    await goesOn(error, ids)
  })

  test.each(moments)('the device is lost while %s number %i is waited for', async (...moment) => {
    const faulty = new FaultyBackend()
    const engine = await engineOn(folder, { strategies, backend: faulty.backend })
    const { liveBytes } = engine.backend.stats
    for (const call of ['write', 'submit', 'read'] as const) {
      faulty.restart(null)
      const lost = () => faulty.restart({ call, at: 1, lasting: true })
      const { error, ids } = await until(engine, moment, lost)
      expect(error).toMatchObject({ code: 'DEVICE_LOST', cause: faulty.error })
      expect(engine.backend.stats.liveBytes).toBe(liveBytes)
      await goesOn(error, ids)
    }
  })

  test.each(moments)('the engine is disposed of while %s number %i is waited for', async (...moment) => {
    const { backend } = new FaultyBackend()
    const engine = await createEngine({ backend, model: folder, strategies, capacity: 100, selfCheck: false })
    let disposal: Promise<void> | undefined
    const { error } = await until(engine, moment, () => {
      disposal = engine.dispose()
    })
    expect(error).toMatchObject({ code: 'DISPOSED', details: {} })
    await disposal
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('leaving the loop lets go of the constraint', async () => {
    const engine = await engineOn(folder, { strategies })
    const { liveBytes } = engine.backend.stats
    const { constraint, counts } = slow('start', 0, () => {})
    for await (const _ of engine.generate(prompt, { ...base, strategy, constraint })) break
    expect(counts).toMatchObject({ start: 1, dispose: 1 })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })
})

test('generations with constraints of their own interleave on one engine, with one object and with several', async () => {
  const engine = await engineOn(folder, { strategies, keepSessions: 0 })
  const { liveBytes } = engine.backend.stats
  const shared = slow('start', 0, () => {}).constraint
  const requests: readonly GenerateOptions[] = [
    { constraint: shared, strategy: 'trees' },
    { constraint: shared, strategy: 'device trees', seed: 9 },
    { constraint: stepConstraint({ stride: 2 }), strategy: 'trees' },
    { constraint: stepConstraint({ stride: 3, first: 2, among: 3 }), processors: [pairsOnHost], temperature: 0 },
    { strategy: 'device trees' },
  ]
  const run = (options: GenerateOptions) => engine.complete(prompt, { ...base, ...options })
  const alone: (readonly number[])[] = []
  for (const options of requests) alone.push((await run(options)).ids)
  expect(new Set(alone.map(String)).size).toBe(requests.length)
  expect((await Promise.all(requests.map(run))).map(({ ids }) => ids)).toEqual(alone)
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})

test('turns of a chat have constraints and processors of their own, and none', async () => {
  const chatty = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
  const engine = await engineOn(chatty, { strategies: [randomTrees(99, 9, 3)] })
  const digits: Constraint = {
    specVersion: 1,
    name: 'digits',
    start: ({ vocab: ids, bytes }) => {
      const mask = new Uint32Array(Math.ceil(ids / 32))
      for (let id = 0; id < ids; id++) {
        const [byte = 0] = bytes(id) ?? []
        if (byte >= 48 && byte < 58) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
      }
      return { mask: () => mask, accept: () => {} }
    },
  }
  const turns: readonly GenerateOptions[] = [
    { constraint: digits },
    {},
    { processors: [pairsOnHost], constraint: digits },
    {},
  ]
  const talk = async (strategy: string): Promise<readonly string[]> => {
    using chat = engine.session({ strategy })
    const answers: string[] = []
    for (const options of turns)
      answers.push((await collect(chat.send('how many?', { maxTokens: 8, ignoreEos: true, ...options }))).text)
    return answers
  }
  const answers = await talk('plain')
  expect(answers.map((answer) => /^\d+$/.test(answer))).toEqual([true, false, true, false])
  expect(await talk('random trees')).toEqual(answers)
})

describe('errors', async () => {
  const engine = await engineOn(folder)
  const { liveBytes } = engine.backend.stats
  const constraint = (matcher: unknown): Constraint =>
    ({
      specVersion: 1,
      name: 'broken',
      start: () => (typeof matcher === 'function' ? matcher() : matcher),
    }) as Constraint
  const fails = async (options: GenerateOptions): Promise<OutriderError> => {
    const error = await failure(() => engine.complete(prompt, { maxTokens: 5, ...options }))
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    return error
  }
  const nothing = () => {}
  const broken = (what: string) => () => {
    throw new Error(what)
  }

  test.each<readonly [string, unknown, RegExp]>([
    ['allows nothing', { mask: () => new Uint32Array(2), accept: nothing }, /allows no token at all/],
    [
      'gives a mask of another size',
      { mask: () => new Uint32Array(3), accept: nothing },
      /3 words, and 61 tokens need 2/,
    ],
    ['gives a mask of bytes', { mask: () => new Uint8Array(2), accept: nothing }, /no Uint32Array/],
    ['gives no mask', { mask: nothing, accept: nothing }, /no Uint32Array and not null/],
    ['breaks at a mask', { mask: broken('bad grammar'), accept: nothing }, /failed to give a mask: Error: bad grammar/],
    [
      'breaks at tokens',
      { mask: () => null, accept: broken('bad token') },
      /failed to accept tokens: Error: bad token/,
    ],
    [
      'refuses tokens later',
      { mask: () => null, accept: async () => broken('too late')() },
      /accept tokens: Error: too l/,
    ],
    ['starts nothing', undefined, /started nothing that gives masks/],
    ['starts half of it', { mask: () => null }, /started nothing that gives masks/],
    ['fails to start', () => Promise.reject(new Error('no grammar')), /failed to start: Error: no grammar/],
    [
      'breaks when it is let go',
      { mask: () => null, accept: nothing, dispose: broken('stuck') },
      /disposed of: Error: stuck/,
    ],
  ])('a constraint that %s is named, and let go', async (_, matcher, message) => {
    let freed = 0
    const given =
      typeof matcher === 'object' && matcher && 'mask' in matcher ? { dispose: () => freed++, ...matcher } : matcher
    const error = await fails({ constraint: constraint(given) })
    expect(error).toMatchObject({ code: 'CONSTRAINT_FAILED', details: { constraint: 'broken' } })
    expect(error.message).toMatch(message)
    if (given !== matcher && !('dispose' in (matcher as object)))
      expect(freed).toBe('accept' in (matcher as object) ? 1 : 0)
  })

  test('what ended a generation is told, not that its constraint broke when it was let go', async () => {
    const matcher = { mask: broken('first'), accept: nothing, dispose: broken('second') }
    expect((await fails({ constraint: constraint(matcher) })).message).toContain('first')
  })

  test("a constraint's own errors of Outrider pass as they are", async () => {
    const own = new OutriderError('INVALID_OPTION', 'the schema says nothing')
    expect(await fails({ constraint: constraint(() => Promise.reject(own)) })).toBe(own)
  })

  test('a bias against all that a constraint allows is said to leave nothing', async () => {
    const three = constraint({ mask: () => Uint32Array.of(8, 0), accept: nothing })
    const error = await fails({ constraint: three, bannedTokens: [3] })
    expect(error).toMatchObject({ code: 'CONSTRAINT_FAILED', message: expect.stringContaining('leave no token') })
  })

  test('a tree of the device whose parents come after their children is refused when it is read', async () => {
    const late = proposing('late', () => ({ tokens: [8, 4], parents: [1, -1] }))
    const drafting = await engineOn(folder, { strategies: [onDevice(late, false)] })
    const held = drafting.backend.stats.liveBytes
    for (const options of [{ constraint: stepConstraint() }, { processors: [pairsOnHost] }]) {
      const error = await failure(() => drafting.complete(prompt, { strategy: 'late', ...options }))
      expect(error.code).toBe('TREE_MALFORMED')
      expect(drafting.backend.stats.liveBytes).toBe(held)
    }
  })

  test('a constraint that asks for bytes needs a tokenizer', async () => {
    const asking: Constraint = {
      ...stepConstraint(),
      start: ({ bytes }) => ({ mask: () => null, accept: nothing, at: bytes(3) }),
    }
    expect((await fails({ constraint: asking })).code).toBe('TOKENIZER_MISSING')
  })

  test('another version of the contract is refused', async () => {
    expect((await fails({ constraint: { ...stepConstraint(), specVersion: 2 as 1 } })).code).toBe('STRATEGY_VERSION')
  })
})
