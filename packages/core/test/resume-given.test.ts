import { collect, type GenerationCheckpoint, type OutriderError, type ResumeOptions } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { FaultyBackend } from './support/faulty-backend'
import { pairsOnDevice, pairsOnHost } from './support/pair-processors'
import { expected, read, record, rest } from './support/resuming'
import { stepConstraint } from './support/step-constraint'
import { oracle, randomTrees } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const prompt = Array.from({ length: 21 }, (_, i) => (i * 11 + 40) % 250)
const folder = await writeTinyModel({ seed: 4, alphabet: 'bytes' })
const base = { maxTokens: 26, ignoreEos: true }

describe('constraints and processors are no JSON', async () => {
  const given = { constraint: stepConstraint(), processors: [pairsOnHost, pairsOnDevice] }
  const options = { ...base, ...given, temperature: 0.8, seed: 7, logProbs: true }
  const plain = await (await engineOn(folder)).complete(prompt, options)
  const text = [...prompt, ...plain.ids]
  const strategies = [oracle(text, 3), { ...onDevice(randomTrees(260, 24, 2, text), false), name: 'device trees' }]
  const engine = await engineOn(folder, { strategies })
  const refusal = async (saved: GenerationCheckpoint, again: ResumeOptions): Promise<string> => {
    const { liveBytes, submits } = engine.backend.stats
    const error = await failure(() => collect(engine.resume(saved, again)))
    expect(engine.backend.stats).toMatchObject({ liveBytes, submits })
    expect(error.code).toBe('INVALID_OPTION')
    return error.message
  }

  test.each(['plain', 'oracle', 'device trees'])('%s goes on where they are given again', async (strategy) => {
    const { parts, saved } = await record(engine.generate(prompt, { ...options, strategy }))
    expect(saved.length).toBeGreaterThan(3)
    for (const [at, json] of saved.entries()) {
      const replayed = read(json).tokens.length - prompt.length
      const found = await rest(engine.resume(read(json), given))
      expect(found).toEqual({ ...expected(parts, at), resumed: { exact: true, replayed } })
      expect(found.ids).toEqual(plain.ids)
    }
  })

  test('a device lost in the middle of any round leaves what to go on from', async () => {
    for (const strategy of ['oracle', 'device trees']) {
      const faulty = new FaultyBackend()
      const other = await engineOn(folder, { strategies, backend: faulty.backend })
      for (let at = 3; ; at += 2) {
        faulty.restart({ call: 'submit', at, lasting: true })
        const ids: number[] = []
        const error: unknown = await (async () => {
          for await (const part of other.generate(prompt, { ...options, strategy }))
            ids.push(...part.tokens.map(({ id }) => id))
        })().catch((thrown) => thrown)
        if (!error) break
        expect(error).toMatchObject({ code: 'DEVICE_LOST', cause: faulty.error })
        const { checkpoint } = (error as OutriderError).details
        const end = await collect(engine.resume(read(JSON.stringify(checkpoint)), given))
        expect(end).toMatchObject({ ids: plain.ids, resumed: { exact: true, replayed: ids.length } })
        expect([...ids, ...end.tokens.map(({ id }) => id)]).toEqual(plain.ids)
      }
    }
  })

  test('what is missing, differs or is new is refused before anything is taken', async () => {
    const { saved } = await record(engine.generate(prompt, options))
    const checkpoint = read(saved[2])
    const { constraint, processors } = given
    expect(checkpoint.again).toEqual({
      constraint: ['steps'],
      processors: ['pairs on the host', 'pairs on the device'],
    })
    expect(await refusal(checkpoint, {})).toMatch(/cannot hold constraint: .*the same again.*\(steps\)/)
    expect(await refusal(checkpoint, { constraint })).toMatch(/cannot hold processors: .*\(pairs on the host, pairs/)
    const wider = stepConstraint({ name: 'wider' })
    expect(await refusal(checkpoint, { processors, constraint: wider })).toMatch(
      /was not decoded with constraint wider/,
    )
    expect(await refusal(checkpoint, { constraint, processors: processors.toReversed() })).toMatch(
      /was not decoded with processors pairs on the device, pairs on the host/,
    )
    const bare = read((await record(engine.generate(prompt, base))).saved[2])
    expect(bare.again).toEqual({})
    expect(await refusal(bare, { constraint })).toMatch(/was decoded without constraint: leave it out/)
    const warm = { temperature: 0.5 } as ResumeOptions
    expect(await refusal(bare, warm)).toMatch(/decides over temperature, and what is resumed goes on as it began/)
  })

  test('one that allows other tokens than were generated is found out where it looks', async () => {
    const { saved } = await record(engine.generate(prompt, options))
    const other = stepConstraint({ stride: 2 })
    const error = await failure(() => collect(engine.resume(read(saved[2]), { ...given, constraint: other })))
    expect(error).toMatchObject({ code: 'CONSTRAINT_FAILED', message: expect.stringContaining('accept tokens') })
  })
})

describe('a generation that ends before its first part can be begun again from its error', () => {
  const last = Array.from({ length: 200 }, (_, i) => (i * 7) % 250)

  test('aborted before anything, and lost where memory is taken or the prompt is prefilled', async () => {
    const engine = await engineOn(folder)
    const whole = await engine.complete(prompt, { ...base, temperature: 0.8, seed: 4 })
    const faulty = new FaultyBackend()
    const other = await engineOn(folder, { backend: faulty.backend })
    const { liveBytes } = other.backend.stats
    const begin = (signal?: AbortSignal) => () =>
      other.complete(prompt, { ...base, temperature: 0.8, seed: 4, ...(signal && { signal }) })
    const errors = [await failure(begin(AbortSignal.abort('no')))]
    for (const call of ['tensor', 'program', 'submit'] as const) {
      faulty.restart({ call, at: 1, lasting: true })
      errors.push(await failure(begin()))
      expect(other.backend.stats.liveBytes).toBe(liveBytes)
    }
    expect(errors.map(({ code }) => code)).toEqual(['ABORTED', 'DEVICE_LOST', 'DEVICE_LOST', 'DEVICE_LOST'])
    for (const { details } of errors) {
      const end = await collect(engine.resume(read(JSON.stringify(details.checkpoint))))
      expect(end).toMatchObject({ ids: whole.ids, text: whole.text, resumed: { exact: true, replayed: 0 } })
    }
  })

  test('of a prompt that leaves no room, too', async () => {
    const faulty = new FaultyBackend()
    const full = await engineOn(folder, { backend: faulty.backend })
    faulty.restart({ call: 'submit', at: 2, lasting: true })
    const { details } = await failure(() => full.complete(last))
    const roomy = await engineOn(folder, { capacity: 220 })
    const end = await collect(roomy.resume(read(JSON.stringify(details.checkpoint))))
    expect(end).toMatchObject({ ids: [], text: '', reason: 'length' })
  })

  test("an undefined strategy is the checkpoint's", async () => {
    const engine = await engineOn(folder, { strategies: [oracle([], 3, 'none')] })
    const { saved } = await record(engine.generate(prompt, { ...base, strategy: 'none' }))
    const options = { strategy: undefined } as unknown as ResumeOptions
    const [again] = (await record(engine.resume(read(saved[1]), options))).saved
    expect(read(again).strategy).toBe('none')
  })
})
