import { afterAll, describe, expect, test } from 'vitest'
import { all, clientOf, testServer, usageOf } from './test-server'

const server = await testServer()
const { engine } = server.served
afterAll(() => server.close())

const client = clientOf(server)
const model = 'stories-5m'
const said = 'The little fox was very hungry.'

describe('completions', () => {
  const completion = { model, prompt: said, temperature: 0 }
  const textIds = engine.tokenizer!.encode(said, { bos: true })

  test('give 16 tokens unless told otherwise, from a text or its ids', async () => {
    const expected = await engine.complete(said, { maxTokens: 16 })
    const answer = await client.completions.create(completion)
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^cmpl-\w+$/),
      object: 'text_completion',
      choices: [{ index: 0, text: expected.text, logprobs: null, finish_reason: 'length' }],
      usage: usageOf(textIds.length, 16),
    })
    const fromIds = await client.completions.create({ ...completion, prompt: [...textIds] })
    expect(fromIds.choices).toEqual(answer.choices)
  })

  test('stream', async () => {
    const [whole] = (await client.completions.create({ ...completion, logprobs: 0, max_tokens: 8 })).choices
    const chunks = await all(
      await client.completions.create({ ...completion, logprobs: 0, max_tokens: 8, stream: true }),
    )
    const pieces = chunks.map(({ choices }) => choices[0]!)
    expect(pieces.map(({ text }) => text).join('')).toBe(whole?.text)
    expect(pieces.flatMap(({ logprobs }) => logprobs?.text_offset ?? [])).toEqual(whole?.logprobs?.text_offset)
    expect(pieces.map(({ finish_reason }) => finish_reason).filter((reason) => reason !== null)).toEqual(['length'])
    expect(pieces.at(-1)?.finish_reason).toBe('length')
  })

  test('several prompts, several answers to each, one after another', async () => {
    const prompts = [said, 'Once upon a time']
    const given = { ...completion, temperature: 1, seed: 4, max_tokens: 5 }
    const answer = await client.completions.create({ ...given, prompt: prompts, n: 2 })
    const one = await Promise.all(prompts.map((prompt) => client.completions.create({ ...given, prompt, n: 2 })))
    expect(answer.choices.map(({ text }) => text)).toEqual(
      one.flatMap(({ choices }) => choices.map(({ text }) => text)),
    )
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(answer.usage?.prompt_tokens).toBe(one[0]!.usage!.prompt_tokens + one[1]!.usage!.prompt_tokens)
  })
})
