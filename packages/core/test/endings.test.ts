import {
  exact,
  type Finish,
  type GenerateOptions,
  loadDecoder,
  openCheckpoint,
  type Strategy,
  type Tokenizer,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, test } from 'vitest'
import { decode, plan, Stepper, Turns } from '../src/decode'
import { engineOn, failure, tinyEngine } from './support/engines'
import { oracle, randomTrees } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const folder = await writeTinyModel({ seed: 2, alphabet: 'ascii' })
const plain = await engineOn(folder)
const tokenizer = plain.tokenizer as Tokenizer
const prompt = tokenizer.encode('Once upon')
const reference = await plain.complete(prompt, { maxTokens: 60, ignoreEos: true })
const { ids, text } = reference
const full = [...prompt, ...ids]
/** Blocks of six tokens: 0 to 5, 6 to 11, … */
const strategies: readonly Strategy[] = [oracle(full, 5), randomTrees(plain.model.vocab, 30, 5, full)]
const engine = await engineOn(folder, { strategies })

/** First place of a token or text, which must not be before `from`. */
function firstAt(what: number | string, from: number): number {
  const at = typeof what === 'number' ? ids.indexOf(what) : text.indexOf(what)
  expect(at).toBe(from)
  return at
}

test('the text of these tests is as they need it', () => {
  expect(text.slice(0, 18)).toBe('=Z0X)8Z9QX<[3r4e5.')
  expect(ids.slice(0, 34).every((id) => id > 3)).toBe(true)
})

describe.each(engine.strategies)('with %s', (strategy) => {
  const complete = (options: GenerateOptions) => engine.complete(prompt, { strategy, ...options })

  test.each([1, 2, 5, 6, 7, 13])('maxTokens %i gives as many', async (maxTokens) => {
    const result = await complete({ maxTokens })
    expect(result).toMatchObject({ reason: 'length', by: null, text: text.slice(0, maxTokens) })
    expect(result.ids).toEqual(ids.slice(0, maxTokens))
    expect(result.usage).toEqual({ promptTokens: prompt.length, completionTokens: maxTokens })
    expect(result.stats.tokens).toBe(maxTokens)
  })

  test.each([7, 8, 10, 11])('a stop token at %i ends it there, wherever its block ends', async (at) => {
    const token = ids[at] as number
    firstAt(token, at)
    const result = await complete({ stopTokens: [token], maxTokens: 30 })
    expect(result).toMatchObject({ reason: 'stop-token', by: token, text: text.slice(0, at) })
    expect(result.ids).toEqual(ids.slice(0, at + 1))
    expect(result.tokens.map(({ id }) => id)).toEqual(ids.slice(0, at))
    expect(result.usage.completionTokens).toBe(at + 1)
  })

  test.each([
    ['Q', 8],
    ['9QX<', 7],
    [')8Z9', 4],
    ['Z9QX<[3r4e5', 6],
    ['=', 0],
  ])('the stop text %j ends it at %i', async (stop, at) => {
    firstAt(stop, at)
    const result = await complete({ stop: ['never', stop], maxTokens: 30 })
    expect(result).toMatchObject({ reason: 'stop-text', by: stop, text: text.slice(0, at) })
    expect(result.ids).toEqual(ids.slice(0, at + stop.length))
    expect(result.tokens.map((token) => token.text).join('')).toBe(text.slice(0, at))
  })

  test('a stop text that never completes is given back', async () => {
    const result = await complete({ stop: `${text.slice(10, 14)}?`, maxTokens: 14 })
    expect(result).toMatchObject({ reason: 'length', text: text.slice(0, 14) })
  })

  test('every part is text, its tokens, and which of them were drafted', async () => {
    let last: Finish | null = null
    let so = ''
    for await (const part of engine.generate(prompt, { strategy, maxTokens: 20 })) {
      expect(last).toBeNull()
      expect(part.tokens.map((token) => token.text).join('')).toBe(part.text)
      const depths = part.tokens.map(({ draft }) => draft?.depth ?? 0)
      expect(depths).toEqual(depths.map((_, i) => (i === depths.length - 1 ? 0 : i + 1)))
      for (const { draft } of part.tokens) if (draft) expect(draft.by).toEqual([strategy])
      so += part.text
      last = part.finish
    }
    expect(so).toBe(text.slice(0, 20))
    expect(last).toMatchObject({ reason: 'length' })
  })

  test('the capacity ends it, and no draft goes beyond it', async () => {
    for (const room of [1, 2, 3, 10]) {
      const small = await engineOn(folder, { strategies, capacity: prompt.length + room })
      for (const maxTokens of [undefined, room, 50]) {
        const result = await small.complete(prompt, { strategy, ...(maxTokens && { maxTokens }) })
        expect(result).toMatchObject({ reason: 'length', by: null, text: text.slice(0, room) })
        expect(result.usage.completionTokens).toBe(room)
      }
    }
  })
})

test("the model's own end of sequence ends a text, and ignoreEos goes on", async () => {
  const at = 8
  const eos = ids[at] as number
  firstAt(eos, at)
  const ending = await tinyEngine({ seed: 2, alphabet: 'ascii', config: { eos_token_id: [1, eos] } }, { strategies })
  for (const strategy of ending.strategies) {
    const result = await ending.complete(prompt, { strategy, maxTokens: 30 })
    expect(result).toMatchObject({ reason: 'eos', by: eos, text: text.slice(0, at) })
    expect(result.ids).toEqual(ids.slice(0, at + 1))
    const on = await ending.complete(prompt, { strategy, maxTokens: 30, ignoreEos: true })
    expect(on).toMatchObject({ reason: 'length', ids: ids.slice(0, 30) })
    const stopped = await ending.complete(prompt, { strategy, maxTokens: 30, ignoreEos: true, stopTokens: [eos] })
    expect(stopped).toMatchObject({ reason: 'stop-token', by: eos })
  }
})

test('a prompt may fill the capacity, and not exceed it', async () => {
  const small = await engineOn(folder, { capacity: prompt.length })
  expect(await small.complete(prompt)).toMatchObject({ reason: 'length', ids: [], text: '', stats: { rounds: 0 } })
  const error = await failure(() => small.complete([...prompt, 4]))
  expect(error).toMatchObject({ code: 'PROMPT_TOO_LONG', details: { capacity: prompt.length } })
})

test('text is the same whatever was drafted, also where characters never become whole', async () => {
  let broken = 0
  for (const seed of [1, 3, 5]) {
    const bytes = await writeTinyModel({ seed, alphabet: 'bytes' })
    const alone = await engineOn(bytes)
    const start = (alone.tokenizer as Tokenizer).encode('Once upon')
    const whole = await alone.complete(start, { maxTokens: 60, ignoreEos: true })
    const knowing = await engineOn(bytes, { strategies: [oracle([...start, ...whole.ids], 5)] })
    for (let maxTokens = 1; maxTokens <= 40; maxTokens += 2) {
      const [a, b] = [
        await alone.complete(start, { maxTokens, ignoreEos: true }),
        await knowing.complete(start, { maxTokens, ignoreEos: true, strategy: 'oracle' }),
      ]
      expect(a.text).toBe(alone.tokenizer?.decode(a.ids))
      expect(b.text).toBe(a.text)
      if (a.text.endsWith('\ufffd')) broken++
      const stopToken = whole.ids[maxTokens] as number
      const [c, d] = [
        await alone.complete(start, { stopTokens: [stopToken], ignoreEos: true, maxTokens: 50 }),
        await knowing.complete(start, { stopTokens: [stopToken], ignoreEos: true, maxTokens: 50, strategy: 'oracle' }),
      ]
      expect(c.text).toBe(alone.tokenizer?.decode(c.ids.slice(0, -1)))
      expect(d.text).toBe(c.text)
    }
  }
  expect(broken).toBeGreaterThan(8)
})

describe('after every ending the session goes on as a fresh one', async () => {
  const backend = referenceBackend()
  const checkpoint = await openCheckpoint(folder)
  const model = await loadDecoder(backend, checkpoint, { slots: 264, maxRows: 64 })
  await checkpoint.close()
  const weights = backend.stats.liveBytes
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(weights)
    model.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })

  const start = async (strategy: Strategy | null, tokens: readonly number[]): Promise<Stepper> => {
    const loaded = strategy && (await strategy.load({} as never))
    const named = loaded && { name: (strategy as Strategy).name, loaded }
    const parts = {
      backend,
      model,
      capacity: 200,
      maxRows: 64,
      keep: [],
      rule: exact,
      turns: new Turns(),
      timed: false,
    }
    const stepper = new Stepper({ ...parts, strategy: named })
    await stepper.extend(tokens)
    return stepper
  }
  const run = async (stepper: Stepper, options: GenerateOptions): Promise<Finish> => {
    const promptTokens = stepper.sequence.tokens.length
    for await (const { finish } of decode({
      stepper,
      tokenizer,
      plan: plan(options, [], model.config.vocab),
      promptTokens,
      continues: true,
      checkpointer: null,
      from: null,
    }))
      if (finish) return finish
    throw new Error('no end')
  }

  test.each([
    { maxTokens: 9 },
    { stopTokens: [ids[8] as number] },
    { stop: '9QX<' },
    { stop: ')8' },
    { stop: 'Q' },
    { stopTokens: [ids[6] as number] },
  ])('%o', async (options) => {
    for (const strategy of [null, ...strategies]) {
      const stepper = await start(strategy, prompt)
      const ended = await run(stepper, options)
      const held = [...prompt, ...ended.ids]
      expect(stepper.sequence.tokens).toEqual(held)
      expect(stepper.sequence.length).toBe(held.length - 1)
      const { history, length } = stepper.sequence.tensors
      const [historyBytes, lengthBytes] = await backend.submit([], [history, length])
      expect([...new Uint32Array(historyBytes as ArrayBuffer, 0, held.length)]).toEqual(held)
      expect([...new Uint32Array(lengthBytes as ArrayBuffer)]).toEqual([held.length - 1])
      await stepper.extend([])
      const fresh = await start(null, held)
      const expected = await run(fresh, { maxTokens: 15 })
      expect((await run(stepper, { maxTokens: 15 })).ids).toEqual(expected.ids)
      await stepper.extend([7, 8, 9])
      await fresh.extend([7, 8, 9])
      expect((await run(stepper, { maxTokens: 9 })).ids).toEqual((await run(fresh, { maxTokens: 9 })).ids)
      stepper.dispose()
      fresh.dispose()
    }
  })
})
