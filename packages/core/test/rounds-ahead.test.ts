import { type AcceptanceRule, type Constraint, type GenerateOptions, type Part, rejection } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { FaultyBackend } from './support/faulty-backend'
import { queuedBackend } from './support/queued-backend'
import { oracle } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const folder = await writeTinyModel({ seed: 2, alphabet: 'ascii', chatTemplate: tinyTemplate })
const plain = await engineOn(folder)
const prompt = [41, 52, 60]
const { ids } = await plain.complete(prompt, { maxTokens: 60, ignoreEos: true })
const queued = queuedBackend(referenceBackend())
const engine = await engineOn(folder, {
  backend: queued.backend,
  strategies: [oracle([...prompt, ...ids], 3)],
  keepSessions: 0,
})

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** A generation, and how many submissions were under way at most. */
async function run(options: GenerateOptions) {
  queued.restart()
  const result = await engine.complete(prompt, { ignoreEos: true, ...options })
  return { ...result, deepest: queued.deepest }
}

test('the next round is submitted before the record of the one before it is read', async () => {
  const { stats, ids: found } = await run({ maxTokens: 5 })
  expect(found).toEqual(ids.slice(0, 5))
  // The first submission is the prompt's.
  expect(queued.events.join(' ')).toBe('+1 -1 +2 +3 -2 +4 -3 +5 -4 +6 -5 -6')
  expect(stats).toMatchObject({ rounds: 5, tokens: 5, submits: 6, reads: 5 })
})

test.each([1, 2, 3, 9])('maxTokens %i is known beforehand: no round is begun in vain', async (maxTokens) => {
  const { stats, ids: found } = await run({ maxTokens })
  expect(found).toEqual(ids.slice(0, maxTokens))
  expect(stats).toMatchObject({ rounds: maxTokens, submits: maxTokens + 1, reads: maxTokens })
})

test('nor is one beyond the capacity', async () => {
  for (const room of [1, 2, 5]) {
    const small = queuedBackend(referenceBackend())
    const tight = await engineOn(folder, { backend: small.backend, capacity: prompt.length + room })
    const { stats, ids: found, reason } = await tight.complete(prompt, { ignoreEos: true })
    expect({ found, reason }).toEqual({ found: ids.slice(0, room), reason: 'length' })
    expect(stats.submits).toBe(room + 1)
  }
})

test('a token that ends the text leaves one round in vain, which is no round', async () => {
  for (let at = 0; at < 6; at++) {
    const token = ids[at] as number
    const first = ids.indexOf(token)
    const { stats, ids: found, reason } = await run({ stopTokens: [token] })
    expect({ found, reason }).toEqual({ found: ids.slice(0, first + 1), reason: 'stop-token' })
    expect(stats).toMatchObject({ rounds: first + 1, tokens: first + 1, submits: first + 3 })
    expect(queued.events.length).toBe(2 * (first + 3))
  }
})

test.each<[string, GenerateOptions]>([
  ['greedy', {}],
  ['drawn, with penalties that count', { temperature: 1.1, seed: 5, repetitionPenalty: 1.3, frequencyPenalty: 0.4 }],
  ['with log-probabilities', { temperature: 0.8, seed: 9, logProbs: true }],
])('%s: a chat goes on behind a round in vain as one that had none', async (_, sampling) => {
  const sleepy = queuedBackend(referenceBackend())
  const [ahead, behind] = [await engineOn(folder, { backend: sleepy.backend }), plain].map((each) => each.session())
  const answers: unknown[][] = [[], []]
  for (const [i, chat] of [ahead, behind].entries()) {
    const turn = async (text: string, options: GenerateOptions): Promise<void> => {
      const parts: Part[] = []
      for await (const part of (chat as NonNullable<typeof ahead>).send(text, { ...sampling, ...options }))
        parts.push(part)
      const { finish } = parts.at(-1) as Part
      answers[i]?.push(
        finish?.ids,
        finish?.reason,
        parts.flatMap(({ tokens }) => tokens),
      )
    }
    await turn('who are you?', { maxTokens: 9, ignoreEos: true })
    const [given] = answers[i] as [number[]]
    await turn('and why?', { stopTokens: given.slice(2, 4), maxTokens: 12, ignoreEos: true })
    await turn('what else?', { maxTokens: 6, ignoreEos: true })
    ;(chat as NonNullable<typeof ahead>).dispose()
  }
  expect(answers[0]).toEqual(answers[1])
  expect(sleepy.deepest).toBe(2)
})

describe('where the host decides, rounds wait for one another', () => {
  const any: Constraint = {
    specVersion: 1,
    name: 'any',
    start: () => ({ mask: () => null, accept: () => {} }),
  }
  const waiting: readonly [string, GenerateOptions][] = [
    ['a rule on the host', { acceptance: onHost() }],
    ['a seed of each round', { acceptance: rejection, temperature: 0.9, seed: 1 }],
    ['a constraint', { constraint: any }],
    ['a processor on the host', { processors: [{ specVersion: 1, name: 'idle', host: { process: () => {} } }] }],
    ['a drafter of the host', { strategy: 'oracle' }],
  ]
  test.each(waiting)('%s', async (_, options) => {
    const { deepest, reason } = await run({ maxTokens: 6, ...options })
    expect({ deepest, reason }).toEqual({ deepest: 1, reason: 'length' })
  })
})

test('an error of a round in vain goes nowhere; one that is wanted comes in its place, and resumes', async () => {
  const faulty = new FaultyBackend()
  const slow = queuedBackend(faulty.backend)
  const broken = await engineOn(folder, { backend: slow.backend })
  const token = ids[3] as number
  const first = ids.indexOf(token)
  for (const call of ['submit', 'read'] as const) {
    // The prompt's submission, then one a round: the last is in vain.
    faulty.restart({ call, at: first + 3 })
    const ended = await broken.complete(prompt, { stopTokens: [token], ignoreEos: true })
    expect(ended.ids).toEqual(ids.slice(0, first + 1))
    expect(faulty.counts[call]).toBe(first + 3)
    for (const at of [2, 3, 5]) {
      faulty.restart({ call, at, lasting: true })
      const seen: number[] = []
      const error = await failure(async () => {
        for await (const part of broken.generate(prompt, { maxTokens: 8, ignoreEos: true }))
          seen.push(...part.tokens.map(({ id }) => id))
      })
      expect(error).toMatchObject({ code: 'DEVICE_LOST', cause: faulty.error })
      expect(seen).toEqual(ids.slice(0, at - 2))
      const rest: number[] = []
      for await (const part of plain.resume(error.details.checkpoint as never))
        rest.push(...part.tokens.map(({ id }) => id))
      expect([...seen, ...rest]).toEqual(ids.slice(0, 8))
    }
    faulty.restart(null)
    expect((await broken.complete(prompt, { maxTokens: 8, ignoreEos: true })).ids).toEqual(ids.slice(0, 8))
  }
})

test('a loop that is left gives back what the round that was begun uses', async () => {
  for (const rounds of [1, 2, 4]) {
    const { liveBytes } = engine.backend.stats
    let count = 0
    for await (const _ of engine.generate(prompt, { ignoreEos: true })) if (++count === rounds) break
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  }
  expect((await run({ maxTokens: 7 })).ids).toEqual(ids.slice(0, 7))
})

test('an engine that is disposed of while rounds are under way waits for them', async () => {
  const slow = queuedBackend(referenceBackend())
  const short = await engineOn(folder, { backend: slow.backend })
  const parts = short.generate(prompt, { ignoreEos: true })
  await parts.next()
  slow.restart()
  await short.dispose()
  expect(slow.events).toEqual(['-3'])
  expect(slow.backend.stats.liveBytes).toBe(0)
  expect((await failure(() => parts.next())).code).toBe('DISPOSED')
})

test('sessions whose rounds are begun ahead take turns with those that wait', async () => {
  const wanted = await Promise.all([0, 1, 2].map(() => plain.complete(prompt, { maxTokens: 12, ignoreEos: true })))
  const found = await Promise.all(
    ['plain', 'oracle', 'plain'].map((strategy) =>
      engine.complete(prompt, { strategy, maxTokens: 12, ignoreEos: true }),
    ),
  )
  expect(found.map((each) => each.ids)).toEqual(wanted.map((each) => each.ids))
})

/** Keeps nothing that was drafted, and takes the likeliest token. */
function onHost(): AcceptanceRule {
  return {
    specVersion: 1,
    name: 'on the host',
    guarantee: 'same-tokens',
    host: {
      decide: ({ logits }) => ({
        path: [],
        next: logits(0).reduce((best, value, id, all) => (value > (all[best] as number) ? id : best), 0),
      }),
    },
  }
}
