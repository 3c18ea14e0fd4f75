import type { ChatSession, Engine, Part, Tokenizer } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn, failure, tinyEngine } from './support/engines'
import { randomTrees } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

// This seed answers the questions below in plain characters, which come back as the same ids when the answer is encoded again.
const folder = await writeTinyModel({ seed: 4, alphabet: 'ascii', chatTemplate: tinyTemplate })
const engine = await engineOn(folder, { strategies: [randomTrees(99, 12, 2)], capacity: 250 })
const tokenizer = engine.tokenizer as Tokenizer
const maxTokens = 12
const system = { role: 'system', content: 'be kind' }

async function say(chat: ChatSession, message: string, options = {}): Promise<Part[]> {
  const parts: Part[] = []
  for await (const part of chat.send(message, { maxTokens, ...options })) parts.push(part)
  return parts
}

const textOf = (parts: readonly Part[]) => parts.map(({ text }) => text).join('')

/** The answer of a fresh generation to what has been said, the last message the user's. */
async function fresh(on: Engine, messages: ChatSession['messages']): Promise<string> {
  const prompt = tokenizer.encode(tokenizer.chat(messages, { generationPrompt: true }))
  return (await on.complete(prompt, { maxTokens })).text
}

describe.each(['plain', 'random trees'])('a chat with %s', (strategy) => {
  test('keeps its prefix, and answers as a fresh engine does', async () => {
    const { liveBytes } = engine.backend.stats
    const chat = engine.session({ strategy, messages: [system] })
    for (const [turn, question] of ['who are you?', 'and why?', 'tell me more'].entries()) {
      const before = chat.messages
      const count = tokenizer.encode(tokenizer.chat(before, { generationPrompt: false })).length
      const asked = [...before, { role: 'user', content: question }]
      const expected = await fresh(engine, asked)
      const parts = await say(chat, question)
      expect(textOf(parts)).toBe(expected)
      const finish = parts.at(-1)?.finish
      const prompt = tokenizer.encode(tokenizer.chat(asked, { generationPrompt: true }))
      expect(finish?.usage.promptTokens).toBe(prompt.length)
      // All but the last token of what is new runs; the answer's closing token is new, for its length ended the answer.
      expect(finish?.reason).toBe('length')
      expect(finish?.stats.prefilled).toBe(turn === 0 ? prompt.length - 1 : prompt.length - count + 1)
      expect(chat.messages).toEqual([...asked, { role: 'assistant', content: expected }])
    }
    chat.dispose()
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test('an answer that is broken off leaves the chat as it was', async () => {
    const chat = engine.session({ strategy, messages: [system] })
    await say(chat, 'who are you?')
    const { messages } = chat
    const said = [...messages]
    const controller = new AbortController()
    const aborted = async () => {
      for await (const _ of chat.send('and why?', { maxTokens: 50, signal: controller.signal })) controller.abort()
    }
    expect((await failure(aborted)).code).toBe('ABORTED')
    expect(chat.messages).toEqual(said)
    expect((await failure(() => say(chat, 'x', { signal: AbortSignal.abort() }))).code).toBe('ABORTED')
    for await (const _ of chat.send('and why?')) break
    expect(chat.messages).toEqual(said)
    const expected = await fresh(engine, [...said, { role: 'user', content: 'what else?' }])
    expect(textOf(await say(chat, 'what else?'))).toBe(expected)
    chat.dispose()
  })

  test('a turn that does not fit leaves the chat as it was', async () => {
    const chat = engine.session({ strategy })
    await say(chat, 'who are you?')
    const said = [...chat.messages]
    expect((await failure(() => say(chat, 'long '.repeat(60)))).code).toBe('PROMPT_TOO_LONG')
    expect((await failure(() => say(chat, 'hm', { maxTokens: 0 }))).code).toBe('INVALID_OPTION')
    expect(chat.messages).toEqual(said)
    const expected = await fresh(engine, [...said, { role: 'user', content: 'and why?' }])
    expect(textOf(await say(chat, 'and why?'))).toBe(expected)
    chat.dispose()
  })
})

test('a message of any role opens a turn', async () => {
  const chat = engine.session()
  for await (const _ of chat.send({ role: 'system', content: 'go on' }, { maxTokens: 2 }));
  expect(chat.messages[0]).toEqual({ role: 'system', content: 'go on' })
  chat.dispose()
})

test('one answer at a time', async () => {
  const chat = engine.session()
  const first = chat.send('who are you?', { maxTokens: 5 })
  await first.next()
  expect((await failure(() => say(chat, 'and why?'))).code).toBe('BUSY')
  await first.return()
  expect(textOf(await say(chat, 'who are you?'))).not.toBe('')
  chat.dispose()
})

test('two chats and a generation at once do not disturb one another', async () => {
  const [a, b] = [engine.session(), engine.session({ strategy: 'random trees' })]
  const ask = (content: string) => [{ role: 'user', content }]
  const expected = [
    await fresh(engine, ask('who?')),
    await fresh(engine, ask('why?')),
    await fresh(engine, ask('when?')),
  ]
  const together = [say(a, 'who?').then(textOf), say(b, 'why?').then(textOf), fresh(engine, ask('when?'))]
  expect(await Promise.all(together)).toEqual(expected)
  a.dispose()
  b.dispose()
})

test('a chat that was disposed of says so, also in the middle of an answer', async () => {
  const { liveBytes } = engine.backend.stats
  const chat = engine.session()
  chat.dispose()
  chat.dispose()
  const after = await failure(() => say(chat, 'who are you?'))
  expect(after).toMatchObject({ code: 'DISPOSED', message: expect.stringContaining('session') })
  const other = engine.session()
  const middle = await failure(async () => {
    for await (const _ of other.send('who are you?')) other.dispose()
  })
  expect(middle.code).toBe('DISPOSED')
  const third = engine.session()
  const answer = say(third, 'who are you?')
  third.dispose()
  expect((await failure(() => answer)).code).toBe('DISPOSED')
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})

test('the engine ends its chats', async () => {
  const own = await engineOn(folder)
  const chat = own.session()
  await say(chat, 'who are you?')
  await own.dispose()
  expect(own.backend.stats.liveBytes).toBe(0)
  expect((await failure(() => say(chat, 'and why?'))).code).toBe('DISPOSED')
  expect((await failure(() => own.session())).code).toBe('DISPOSED')
  chat.dispose()
})

test('what a chat needs, and an unknown strategy, are named', async () => {
  const { liveBytes } = engine.backend.stats
  const untold = await tinyEngine({ alphabet: 'ascii' })
  expect((await failure(() => untold.session())).code).toBe('CHAT_TEMPLATE_MISSING')
  expect((await failure(async () => (await tinyEngine()).session())).code).toBe('TOKENIZER_MISSING')
  expect((await failure(() => engine.session({ strategy: 'none' }))).code).toBe('STRATEGY_UNKNOWN')
  const refusing = await tinyEngine({ alphabet: 'ascii', chatTemplate: "{{ raise_exception('no') }}" })
  expect((await failure(() => say(refusing.session(), 'hm'))).code).toBe('CHAT_TEMPLATE_FAILED')
  const empty = await tinyEngine({ alphabet: 'ascii', chatTemplate: '{# nothing #}' })
  expect((await failure(() => say(empty.session(), 'hm'))).code).toBe('PROMPT_EMPTY')
  expect(engine.backend.stats.liveBytes).toBe(liveBytes)
})
