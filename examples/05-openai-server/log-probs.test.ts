import { readFile } from 'node:fs/promises'
import type OpenAI from 'openai'
import { afterAll, describe, expect, test } from 'vitest'
import { all, clientOf, testServer } from './test-server'

/** What PyTorch gave for a prompt. */
interface Context {
  readonly promptIds: readonly number[]
  readonly greedyText: string
  readonly next: { readonly ids: readonly number[]; readonly logProbs: readonly number[] }
}

const server = await testServer()
const { engine } = server.served
afterAll(() => server.close())

const client = clientOf(server)
const model = 'stories-5m'
const said = 'The little fox was very hungry.'
const ids = engine.tokenizer!.encode(`<|end|>${said}`)
const chat = { model, messages: [{ role: 'user' as const, content: said }], max_tokens: 8 }
const file = new URL('../../models/stories-5m/reference.json', import.meta.url)
const contexts: readonly Context[] = JSON.parse(await readFile(file, 'utf8'))

describe('log-probabilities', () => {
  test.each([0, 1, 2, 3])('are those of PyTorch, context %i', async (i) => {
    const context = contexts[i] as Context
    const answer = await client.completions.create({
      ...{ model, temperature: 0, logprobs: 8, max_tokens: 4 },
      prompt: [...context.promptIds],
    })
    const [{ text, logprobs }] = answer.choices as [OpenAI.Completions.CompletionChoice]
    expect(context.greedyText.trimStart().startsWith(text.trimStart())).toBe(true)
    const spelt = context.next.ids.map((id) => engine.tokenizer!.decode([id], { special: true }))
    const top = Object.entries(logprobs!.top_logprobs![0]!)
    expect(top.map(([token]) => token.trim())).toEqual(spelt.map((token) => token.trim()))
    for (const [i, [, logProb]] of top.entries()) expect(logProb).toBeCloseTo(context.next.logProbs[i] as number, 3)
    expect(logprobs!.token_logprobs![0]).toBe(top[0]?.[1])
    expect(logprobs!.tokens?.join('')).toBe(text)
    expect(logprobs!.text_offset?.[1]).toBe(logprobs!.tokens![0]!.length)
  })

  test('come with every token of a chat, streamed or not, and do not depend on drafts', async () => {
    const repeating = '"No," said the fox. "No," said the fox. "No," said'
    const messages = [{ role: 'user' as const, content: repeating }]
    const sampling = { temperature: 0.7, seed: 3 }
    const asked = { ...chat, messages, ...sampling, max_tokens: 12, logprobs: true, top_logprobs: 3 }
    const prompt = engine.tokenizer!.encode(`<|end|>${repeating}`)
    const { stats } = await engine.complete(prompt, { ...sampling, strategy: 'lookup', maxTokens: 12 })
    expect(stats.accepted).toBeGreaterThan(2)
    expect(stats.evaluated).toBeGreaterThan(stats.accepted)
    const [plain, lookup] = await Promise.all(
      ['plain', 'lookup'].map((strategy) => client.chat.completions.create({ ...asked, ...{ strategy } })),
    )
    const content = plain!.choices[0]!.logprobs!.content!
    expect(lookup!.choices).toEqual(plain!.choices)
    expect(content).toHaveLength(12)
    expect(content.map(({ token }) => token).join('')).toBe(plain!.choices[0]!.message.content)
    expect(Buffer.from(content.flatMap(({ bytes }) => bytes!)).toString()).toBe(plain!.choices[0]!.message.content)
    for (const { token, logprob, top_logprobs } of content) {
      expect(top_logprobs).toHaveLength(3)
      const [a, b, c] = top_logprobs.map((other) => other.logprob) as [number, number, number]
      expect(a >= b && b >= c).toBe(true)
      expect(Math.exp(a) + Math.exp(b) + Math.exp(c)).toBeLessThanOrEqual(1.0001)
      const own = top_logprobs.find((other) => other.token === token)
      if (own) expect(own.logprob).toBe(logprob)
      else expect(logprob).toBeLessThanOrEqual(c)
    }
    const chunks = await all(await client.chat.completions.create({ ...asked, stream: true }))
    expect(chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? [])).toEqual(content)
  })

  test('without the most likely tokens cost no processor', async () => {
    const { choices } = await client.chat.completions.create({ ...chat, temperature: 0, logprobs: true })
    const expected = await engine.complete(ids, { maxTokens: 8, logProbs: true })
    const told = choices[0]!.logprobs!.content!
    expect(told.map(({ logprob }) => logprob)).toEqual(expected.tokens.map(({ logProb }) => logProb))
    expect(told.every(({ top_logprobs }) => top_logprobs.length === 0)).toBe(true)
  })
})
