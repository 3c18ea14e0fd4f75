import { createEngine, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn, failure } from '../../core/test/support/engines'
import { drill, recoveryDrill } from '../../core/test/support/fault-drill'
import { FaultyBackend, faultyCalls } from '../../core/test/support/faulty-backend'
import { blur, writeTinyModel } from '../../core/test/support/tiny-model'
import { tinyTemplate } from '../../core/test/support/tiny-tokenizer'
import { draftModel, lookup } from '../src'

const small = { num_hidden_layers: 1, intermediate_size: 32 }
const target = await writeTinyModel({ config: small })
const draft = await writeTinyModel({ config: small, edit: blur(0.3) })
const strategies: readonly Strategy[] = [
  lookup(),
  draftModel({ model: draft, name: 'chain', tokens: 3 }),
  draftModel({ model: draft, name: 'tree', branches: [2, 2] }),
]

describe.each(faultyCalls)('when a %s fails', (call) => {
  test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
    expect(await drill(call, target, strategies, call === 'write' ? 3 : 1)).toBeGreaterThan(4)
  })

  if (call !== 'weight') test('in a generation, the next one is whole', () => recoveryDrill(call, target, strategies))
})

describe('vocabularies', async () => {
  const load = async (on: string, model: string) => {
    const { backend } = new FaultyBackend()
    const error = await failure(() =>
      createEngine({ backend, model: on, capacity: 50, strategies: [draftModel({ model })] }),
    )
    expect(backend.stats.liveBytes).toBe(0)
    return error
  }

  test('of other sizes are refused, and both are named', async () => {
    for (const vocab of [60, 62]) {
      const other = await writeTinyModel({ config: { vocab_size: vocab } })
      const error = await load(target, other)
      expect(error).toMatchObject({ code: 'VOCABULARY_MISMATCH', details: { draft: vocab, target: 61 } })
      for (const part of [other, `${vocab}`, '61']) expect(error.message).toContain(part)
    }
  })

  test('of the same size with other tokens are refused, and both tokens are named', async () => {
    const ascii = await writeTinyModel({ alphabet: 'ascii' })
    const bytes = await writeTinyModel({ alphabet: 'bytes', config: { vocab_size: 260 } })
    const padded = await writeTinyModel({ alphabet: 'ascii', config: { vocab_size: 260 } })
    const error = await load(padded, bytes)
    expect(error.code).toBe('VOCABULARY_MISMATCH')
    expect(error.message).toMatch(/token 4 is .* for the draft and .* for the target/)
    // A table may be padded: a draft without the padding rows, or without a tokenizer, fits.
    await engineOn(padded, { strategies: [draftModel({ model: ascii })] })
    const untold = await writeTinyModel({ config: { vocab_size: 100 } })
    await engineOn(padded, { strategies: [draftModel({ model: untold })] })
  })

  test('a draft model that is not there, or is none', async () => {
    expect((await load(target, './no-such-draft')).code).toBe('FILE_NOT_FOUND')
    expect((await load(target, await writeTinyModel({ bytes: 10_000 }))).code).toBe('FILE_TRUNCATED')
  })
})

test('a first level that no pass holds is refused', async () => {
  const { backend } = new FaultyBackend()
  const wide = draftModel({ model: draft, branches: [8, 2] })
  const error = await failure(() =>
    createEngine({ backend, model: target, maxRows: 8, capacity: 50, strategies: [wide] }),
  )
  expect(error.code).toBe('INVALID_OPTION')
  expect(backend.stats.liveBytes).toBe(0)
})

test('a chat keeps the draft in step from turn to turn, also after an answer that was broken off', async () => {
  const options = { seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate } as const
  const chatty = await writeTinyModel(options)
  const engine = await engineOn(chatty, {
    strategies: [
      lookup(),
      draftModel({ model: chatty, name: 'itself', tokens: 3 }),
      draftModel({ model: await writeTinyModel({ ...options, edit: blur(0.3) }), name: 'tree', branches: [2, 2, 1] }),
    ],
  })
  const answers = new Map<string, string[]>()
  for (const strategy of engine.strategies) {
    const chat = engine.session({ strategy })
    const texts: string[] = []
    for (const question of ['who are you?', 'and why?', 'what else?']) {
      for await (const _ of chat.send('never mind', { maxTokens: 30, ignoreEos: true })) break
      let text = ''
      for await (const part of chat.send(question, { maxTokens: 12 })) {
        text += part.text
        // Accepted whole, whatever the turns before left in the draft's cache.
        const stats = part.finish?.stats
        if (stats && strategy === 'itself') expect(stats.accepted).toBe(stats.proposed)
      }
      texts.push(text)
    }
    answers.set(strategy, texts)
    chat.dispose()
  }
  for (const texts of answers.values()) expect(texts).toEqual(answers.get('plain'))
})
