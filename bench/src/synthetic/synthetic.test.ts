import { createEngine, type Engine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatedModel } from '../decode/open-model'
import { learnTexts, randomPrompts } from '../generation/learn'
import { draftsOf, expectedLength } from './drafts'
import { drafters } from './expressions'
import { KnownTexts } from './known-texts'

describe('drafts of known acceptance', () => {
  const text = Array.from({ length: 20_000 }, (_, i) => (i * 31) % 100)

  test.each([0, 0.3, 0.8, 1])('are right with probability %s', (p) => {
    const drafts = draftsOf(text, 0, 100, { p, seed: 1 })
    const share = text.filter((token, i) => drafts[i] === token).length / text.length
    expect(Math.abs(share - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / text.length))
    expect(drafts.every((token) => token < 100)).toBe(true)
  })

  test('have the mean length of a geometric series', () => {
    expect(expectedLength(0.8, 5)).toBeCloseTo(3.689, 3)
    expect(expectedLength(1, 7)).toBe(8)
    const drafts = draftsOf(text, 0, 100, { p: 0.8, seed: 2 })
    let [rounds, at] = [0, 1]
    for (; at < text.length - 6; rounds++) {
      let accepted = 0
      while (accepted < 5 && drafts[at + accepted] === text[at + accepted]) accepted++
      at += accepted + 1
    }
    expect(at / rounds).toBeGreaterThan(3.6)
    expect(at / rounds).toBeLessThan(3.78)
  })

  test('differ from seed to seed and from text to text', () => {
    const [one, other, third] = [
      draftsOf(text, 0, 100, { p: 0.5, seed: 1 }),
      draftsOf(text, 0, 100, { p: 0.5, seed: 2 }),
      draftsOf(text, 1, 100, { p: 0.5, seed: 1 }),
    ]
    expect(one).not.toEqual(other)
    expect(one).not.toEqual(third)
  })
})

describe('synthetic drafters on an engine', () => {
  const texts = new KnownTexts()
  const names = [
    'synthetic:p=1;tokens=4',
    'synthetic:p=0.7;tokens=4',
    'syntheticDevice:p=0.7;tokens=4',
    'synthetic:p=0;tokens=4',
  ]
  const backend = referenceBackend()
  let engine: Engine
  let prompt: readonly number[]

  beforeAll(async () => {
    const made = generatedModel('tiny', 'q4_0')
    const strategies = drafters(names.join(), texts, null).map(({ strategy }) => strategy)
    engine = await createEngine({
      backend,
      model: made.url,
      load: made.load,
      strategies,
      capacity: 128,
      maxRows: 8,
      selfCheck: false,
    })
    const prompts = randomPrompts(engine, 1, 8)
    prompt = prompts[0] as readonly number[]
    await learnTexts(engine, texts, prompts, 60)
  })

  afterAll(async () => {
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  const run = (strategy: string) => engine.complete(prompt, { strategy, maxTokens: 40, ignoreEos: true })

  test('write what plain decoding writes, in as many rounds as their drafts are right', async () => {
    const plain = await run('plain')
    const [always, host, device, never] = await Promise.all(names.map(run))
    for (const { ids } of [always, host, device, never] as (typeof plain)[]) expect(ids).toEqual(plain.ids)
    expect(always?.stats.rounds).toBe(8)
    expect(never?.stats.rounds).toBe(40)
    expect(never?.stats.accepted).toBe(0)
    expect(host?.stats.rounds).toBe(device?.stats.rounds)
    // Rounds of the device's are begun ahead: what the last one accepts beyond the end is counted, and not in the text.
    const beyond = (device?.stats.tokens ?? 0) - plain.ids.length
    expect(host?.stats.accepted).toBe((device?.stats.accepted ?? 0) - beyond)
    expect(host?.stats.accepted).toBeGreaterThan(15)
    expect(device?.stats.reads).toBe(device?.stats.rounds)
  })

  test('draft nothing for a text that they do not know', async () => {
    const { stats } = await engine.complete([5, 6, 7], { strategy: names[0] as string, maxTokens: 4, ignoreEos: true })
    expect(stats).toMatchObject({ drafts: 0, rounds: 4 })
  })
})

test.each([
  ['synthetic:p=2', 'p must be a probability'],
  ['synthetic:tokens=0', 'tokens must be a whole number from 1 to 63'],
  ['adaptive:draftCost=1', 'adaptive takes one strategy'],
  ['nothing', 'no strategy "nothing"'],
])('%s is refused', (expression, message) => {
  expect(() => drafters(expression, new KnownTexts(), null)).toThrow(message)
})
