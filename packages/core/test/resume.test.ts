import {
  collect,
  type DecodeStats,
  type Engine,
  type GenerateOptions,
  type GenerationCheckpoint,
  type Strategy,
} from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { FaultyBackend } from './support/faulty-backend'
import { expected, read, record, rest } from './support/resuming'
import { oracle, randomTrees, silent } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const prompt = Array.from({ length: 21 }, (_, i) => (i * 11 + 40) % 250)
const folder = await writeTinyModel({ seed: 4, alphabet: 'bytes' })
const cases: readonly (readonly [string, GenerateOptions])[] = [
  ['greedy', {}],
  ['sampled', { temperature: 0.8, seed: 7 }],
  [
    'sampled with penalties, bias and log-probabilities',
    {
      temperature: 0.8,
      topP: 0.95,
      seed: 5,
      sequence: 3,
      repetitionPenalty: 1.2,
      presencePenalty: 0.3,
      frequencyPenalty: 0.2,
      logitBias: { 9: 1, 30: Number.NEGATIVE_INFINITY },
      logProbs: true,
    },
  ],
]
const base = { maxTokens: 26, ignoreEos: true }

/** Strategies whose drafts are right now and then, for the text that plain decoding gives with these options. */
async function strategiesFor(options: GenerateOptions): Promise<readonly Strategy[]> {
  const engine = await engineOn(folder)
  const { ids } = await engine.complete(prompt, { ...base, ...options })
  const text = [...prompt, ...ids]
  return [oracle(text, 3), randomTrees(260, 9, 2, text), silent()]
}

describe.each(cases)('%s', (_, options) => {
  test.each(['plain', 'oracle', 'random trees', 'silent'])(
    '%s goes on from every part on another engine',
    async (strategy) => {
      const strategies = await strategiesFor(options)
      const engine = await engineOn(folder, { strategies, maxRows: 16 })
      const request = { ...base, ...options, strategy }
      const { parts, saved } = await record(engine.generate(prompt, request))
      expect(saved.length).toBeGreaterThan(4)
      const other = await engineOn(folder, { strategies, maxRows: 16 })
      for (const [at, json] of saved.entries()) {
        const replayed = read(json).tokens.length - prompt.length
        const found = await rest(other.resume(read(json)))
        expect(found).toEqual({ ...expected(parts, at), resumed: { exact: true, replayed } })
      }
    },
  )
})

test('a stop text and a character that lie across the interruption', async () => {
  const plain = await (await engineOn(folder)).complete(prompt, base)
  const text = plain.text
  const options = { ...base, stop: [text.slice(9, 13), 'never'] }
  const strategies = await strategiesFor({})
  const engine = await engineOn(folder, { strategies })
  const other = await engineOn(folder, { strategies })
  let held = 0
  for (const strategy of engine.strategies) {
    const { parts, saved } = await record(engine.generate(prompt, { ...options, strategy }))
    expect(parts.at(-1)?.finish?.reason).toBe('stop-text')
    for (const [at, json] of saved.entries()) {
      held += read(json).held.length
      expect(await rest(other.resume(read(json)))).toMatchObject(expected(parts, at))
    }
  }
  expect(held).toBeGreaterThan(0)
  expect(text).toContain('\ufffd')
})

test('what was resumed can be resumed again, with any strategy', async () => {
  const strategies = await strategiesFor({ temperature: 0.8, seed: 7 })
  const engine = await engineOn(folder, { strategies })
  const request = { ...base, temperature: 0.8, seed: 7 }
  const whole = await engine.complete(prompt, request)
  let text = ''
  let generation = engine.generate(prompt, request)
  for (const strategy of ['oracle', 'plain', 'random trees', 'oracle', 'silent']) {
    const { value: part } = await generation.next()
    text += part?.text ?? ''
    const json = JSON.stringify(part?.checkpoint())
    await generation.return()
    generation = engine.resume(read(json), { strategy })
  }
  const end = await collect(generation)
  expect(text + end.text).toBe(whole.text)
  expect(end.ids).toEqual(whole.ids)
})

test('a lost device leaves a checkpoint in its error, wherever it goes away', async () => {
  const strategies = await strategiesFor({})
  const spare = await engineOn(folder, { strategies, maxRows: 8 })
  const whole = await spare.complete(prompt, base)
  for (const strategy of ['plain', 'oracle', 'random trees'])
    for (const call of ['submit', 'read', 'write'] as const) {
      const counting = new FaultyBackend()
      const counted = await engineOn(folder, { strategies, maxRows: 8, backend: counting.backend })
      counting.restart(null)
      await counted.complete(prompt, { ...base, strategy })
      const calls = counting.counts[call]
      for (let at = 1; at <= calls; at += 4) {
        const faulty = new FaultyBackend()
        const engine = await engineOn(folder, { strategies, maxRows: 8, backend: faulty.backend })
        faulty.restart({ call, at, lasting: true })
        let text = ''
        const error = await failure(async () => {
          for await (const part of engine.generate(prompt, { ...base, strategy })) text += part.text
        })
        expect(error).toMatchObject({ code: 'DEVICE_LOST', cause: faulty.error })
        if (error === faulty.error) continue
        const end = await collect(spare.resume(read(JSON.stringify(error.details.checkpoint))))
        expect(text + end.text).toBe(whole.text)
        expect(end).toMatchObject({ ids: whole.ids, resumed: { exact: true } })
      }
    }
})

test('an aborted generation goes on, too', async () => {
  const engine = await engineOn(folder)
  const whole = await engine.complete(prompt, base)
  const stop = new AbortController()
  let text = ''
  const error = await failure(async () => {
    for await (const part of engine.generate(prompt, { ...base, signal: stop.signal })) {
      text += part.text
      if (text.length > 5) stop.abort('enough')
    }
  })
  expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' })
  const end = await collect(engine.resume(error.details.checkpoint as GenerationCheckpoint))
  expect(text + end.text).toBe(whole.text)
})

test('an aborted generation tells what it did', async () => {
  const engine = await engineOn(folder, { strategies: await strategiesFor({}) })
  const stop = new AbortController()
  let seen = 0
  let tokens = 0
  const error = await failure(async () => {
    for await (const part of engine.generate(prompt, { ...base, strategy: 'oracle', signal: stop.signal })) {
      tokens += part.tokens.length
      if (++seen === 3) stop.abort()
    }
  })
  expect(error.details.stats).toMatchObject({ rounds: 3, tokens, prefilled: prompt.length - 1 })
  const { accepted, proposed } = error.details.stats as DecodeStats
  expect(accepted).toBe(tokens - 3)
  expect(proposed).toBeGreaterThanOrEqual(accepted)
  const before = await failure(() => engine.complete(prompt, { ...base, signal: AbortSignal.abort() }))
  expect(before.details.stats).toBeNull()
})

describe('what cannot be exact says so', () => {
  const interrupted = async (engine: Engine): Promise<GenerationCheckpoint> => {
    for await (const part of engine.generate(prompt, base)) return part.checkpoint() as GenerationCheckpoint
    return expect.fail('no part')
  }
  const exactOf = async (engine: Engine, saved: GenerationCheckpoint): Promise<boolean | undefined> =>
    (await collect(engine.resume(saved))).resumed?.exact

  test('another device, other features, other chunks', async () => {
    const engine = await engineOn(folder)
    const saved = await interrupted(engine)
    expect(await exactOf(engine, saved)).toBe(true)
    const { fingerprint } = saved
    expect(await exactOf(engine, { ...saved, fingerprint: { ...fingerprint, device: 'another' } })).toBe(false)
    expect(await exactOf(engine, { ...saved, fingerprint: { ...fingerprint, features: ['subgroups'] } })).toBe(false)
    expect(await exactOf(engine, { ...saved, fingerprint: { ...fingerprint, cacheType: 'f16' } })).toBe(false)
    expect(await exactOf(await engineOn(folder, { maxRows: 8 }), saved)).toBe(false)
    expect(await exactOf(await engineOn(folder, { maxRows: 128 }), saved)).toBe(true)
  })

  test('malformed checkpoints, other models, strategies and rules are refused', async () => {
    const engine = await engineOn(folder)
    const saved = await interrupted(engine)
    const refusal = async (value: unknown, on = engine) => {
      const { liveBytes } = on.backend.stats
      const error = await failure(() => collect(on.resume(value as GenerationCheckpoint)))
      expect(on.backend.stats.liveBytes).toBe(liveBytes)
      return `${error.code}: ${error.message}`
    }
    const malformed: readonly (readonly [unknown, string])[] = [
      [null, 'must be an object'],
      ['{}', 'must be an object'],
      [{ ...saved, format: 2 }, 'has format 2'],
      [{ ...saved, tokens: [...saved.tokens, 1e9] }, 'needs tokens'],
      [{ ...saved, tokens: 'text' }, 'needs tokens'],
      [{ ...saved, promptTokens: 0 }, 'needs promptTokens'],
      [{ ...saved, promptTokens: saved.tokens.length + 1 }, 'needs promptTokens'],
      [{ ...saved, chunkRows: 65 }, 'needs chunkRows'],
      [{ ...saved, held: [{}, {}, {}] }, 'needs held'],
      [{ ...saved, held: [{ draft: 5 }] }, 'draft of each of held must be an object'],
      [{ ...saved, held: [{ draft: { by: 'me', depth: 1 } }] }, 'needs held'],
      [{ ...saved, held: [{ logProb: 'low' }] }, 'needs held'],
      [{ ...saved, again: null }, 'again must be an object'],
      [{ ...saved, again: { constraint: 'json' } }, 'needs again'],
      [{ ...saved, rule: 3 }, 'needs rule'],
      [{ ...saved, options: { ...saved.options, warmth: 1 } }, 'an option warmth'],
      [{ ...saved, options: null }, 'options must be an object'],
      [{ ...saved, fingerprint: 1 }, 'fingerprint must be an object'],
      [{ ...saved, rule: 'block' }, 'acceptance rule block, not exact'],
      [{ ...saved, again: { mask: ['m'] } }, 'cannot hold mask'],
      ...Object.entries({ temperature: -1, stop: 5, stopTokens: 5, bannedTokens: {}, maxTokens: -1, seed: null }).map(
        ([name, wrong]) => [{ ...saved, options: { ...saved.options, [name]: wrong } }, `${name} must be`] as const,
      ),
    ]
    for (const [value, message] of malformed)
      expect(await refusal(value)).toEqual(expect.stringMatching(new RegExp(`^INVALID_OPTION: .*${message}`)))
    expect(await refusal({ ...saved, strategy: 'gone' })).toMatch(/^STRATEGY_UNKNOWN: .*"gone": choose of plain/)
    const larger = await engineOn(
      await writeTinyModel({ seed: 4, alphabet: 'bytes', config: { intermediate_size: 128 } }),
    )
    expect(await refusal(saved, larger)).toMatch(/^INVALID_OPTION: .*another model \(intermediate 96 there, 128 here\)/)
    const small = await engineOn(folder, { capacity: 21 })
    expect(await refusal(saved, small)).toMatch(/^PROMPT_TOO_LONG/)
  })
})

test('sessions of one engine do not touch one another', async () => {
  const chatty = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
  const engine = await engineOn(chatty, { strategies: [randomTrees(99, 9, 3)], keepSessions: 0 })
  const { liveBytes } = engine.backend.stats
  const request = { ...base, temperature: 0.8, seed: 3, repetitionPenalty: 1.1, strategy: 'random trees' }
  const { saved } = await record(engine.generate('once', request))
  const chatting = async () => {
    using chat = engine.session({ strategy: 'random trees' })
    return await rest(chat.send('who are you?', { ...base, seed: 1 }))
  }
  const runs = [
    () => rest(engine.generate('twice', { ...base, seed: 2, temperature: 0.7 })),
    () => rest(engine.resume(read(saved[3]))),
    chatting,
    () => rest(engine.generate('once', request)),
    () => rest(engine.resume(read(saved[7]), { strategy: 'plain' })),
  ]
  const alone: unknown[] = []
  for (const run of runs) alone.push(await run())
  expect(await Promise.all(runs.map((run) => run()))).toEqual(alone)
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})
