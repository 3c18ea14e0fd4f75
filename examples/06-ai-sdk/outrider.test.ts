import { fileURLToPath } from 'node:url'
import { type ChatMessage, createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { lookup } from '@outrider/strategy-draft'
import { generateObject, generateText, jsonSchema, Output, streamText, type ToolSet, tool } from 'ai'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { outrider } from './outrider'

const location = fileURLToPath(new URL('../../models/stories-5m', import.meta.url))
const backend = referenceBackend()
const engine = await createEngine({
  backend,
  model: location,
  strategies: [lookup()],
  capacity: 160,
  maxRows: 8,
  selfCheck: false,
  keepSessions: 0,
})
const idle = backend.stats.liveBytes
afterAll(async () => {
  expect(backend.stats.liveBytes).toBe(idle)
  await engine.dispose()
})

const template = (messages: readonly ChatMessage[]) => `<|end|>${messages.map(({ content }) => content).join(' ')}`
const model = outrider(engine, { strategy: 'lookup', modelId: 'stories-5m', template })
const prompt = 'The little fox was very hungry.'
const ids = engine.tokenizer!.encode(`<|end|>${prompt}`)
const call = { model, prompt, maxOutputTokens: 16, maxRetries: 0 }

/** What the AI SDK keeps of errors that a stream meets. */
async function read(result: ReturnType<typeof streamText>) {
  const parts = []
  for await (const part of result.fullStream) parts.push(part)
  return parts
}

describe('generateText', () => {
  test('gives the text of engine.generate with the same seed and sampling', async () => {
    const sampling = { temperature: 0.8, topP: 0.95, topK: 50, presencePenalty: 0.2, frequencyPenalty: 0.1, seed: 7 }
    const expected = await engine.complete(ids, { ...sampling, maxTokens: 16 })
    const result = await generateText({ ...call, ...sampling })
    expect(result.text).toBe(expected.text)
    expect(result.finishReason).toBe('length')
    expect(result.usage).toMatchObject({ inputTokens: ids.length, outputTokens: 16, totalTokens: ids.length + 16 })
    expect(result.warnings ?? []).toEqual([])
    const { text } = await generateText({ ...call, ...sampling, seed: 8 })
    expect(text).not.toBe(expected.text)
  })

  test('tells of the drafts in the provider metadata', async () => {
    const { stats } = await engine.complete(ids, { strategy: 'lookup', maxTokens: 30 })
    const { providerMetadata } = await generateText({ ...call, maxOutputTokens: 30 })
    expect(stats.drafts).toBeGreaterThan(0)
    expect(providerMetadata?.outrider).toMatchObject({
      strategy: 'lookup',
      rounds: stats.rounds,
      drafts: stats.drafts,
      proposed: stats.proposed,
      accepted: stats.accepted,
      tokensPerRound: stats.meanAcceptanceLength,
      acceptanceByPosition: stats.acceptedByDepth.map((count) => count / stats.drafts),
    })
  })

  test('takes provider options, and refuses those that there are not', async () => {
    const plain = await generateText({ ...call, providerOptions: { outrider: { strategy: 'plain' } } })
    expect(plain.providerMetadata?.outrider).toMatchObject({ strategy: 'plain', rounds: 16, drafts: 0 })
    await expect(generateText({ ...call, providerOptions: { outrider: { tree: 3 } } })).rejects.toThrow('tree')
    await expect(generateText({ ...call, providerOptions: { outrider: { strategy: 'eagel' } } })).rejects.toThrow(
      'choose of plain, lookup',
    )
  })

  test('ends at a stop sequence', async () => {
    const { text: whole } = await generateText(call)
    const stop = whole.slice(20, 24)
    const { text, finishReason } = await generateText({ ...call, stopSequences: [stop] })
    expect(text).toBe(whole.slice(0, whole.indexOf(stop)))
    expect(finishReason).toBe('stop')
  })

  test('warns of what there is not', async () => {
    const tools = { weather: tool({ description: 'the weather', inputSchema: z.object({}) }) } as ToolSet
    const { warnings } = await generateText({ ...call, tools })
    expect(warnings).toEqual([expect.objectContaining({ type: 'unsupported', feature: 'tools' })])
  })

  test('refuses files, models without a template and prompts that are too long', async () => {
    const file = { type: 'file' as const, data: new Uint8Array(3), mediaType: 'application/pdf' }
    const messages = [{ role: 'user' as const, content: [file] }]
    const { prompt: _, ...rest } = call
    await expect(generateText({ ...rest, messages })).rejects.toThrow('file in a user message')
    await expect(generateText({ ...call, model: outrider(engine) })).rejects.toMatchObject({
      code: 'CHAT_TEMPLATE_MISSING',
    })
    await expect(generateText({ ...call, prompt: prompt.repeat(40) })).rejects.toMatchObject({
      code: 'PROMPT_TOO_LONG',
    })
  })
})

describe('streamText', () => {
  test('streams what generateText gives, and the metadata at the end', async () => {
    const whole = await generateText({ ...call, temperature: 1, seed: 3 })
    const result = streamText({ ...call, temperature: 1, seed: 3 })
    let text = ''
    let deltas = 0
    for await (const delta of result.textStream) {
      text += delta
      deltas++
    }
    expect(text).toBe(whole.text)
    expect(deltas).toBeGreaterThan(3)
    expect(await result.usage).toMatchObject({ outputTokens: 16 })
    const { milliseconds: _, ...counts } = whole.providerMetadata!.outrider!
    expect((await result.providerMetadata)?.outrider).toMatchObject(counts)
  })

  test('ends by an abort signal, and frees its session', async () => {
    const controller = new AbortController()
    const parts = []
    const result = streamText({ ...call, maxOutputTokens: 100, abortSignal: controller.signal })
    for await (const part of result.fullStream) {
      parts.push(part.type)
      if (part.type === 'text-delta') controller.abort()
    }
    expect(parts.at(-1)).toBe('abort')
    await expect.poll(() => backend.stats.liveBytes).toBe(idle)
    await expect(generateText({ ...call, abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  test('frees its session by the signal where nobody reads any more, and where its stream is cancelled', async () => {
    const controller = new AbortController()
    const result = streamText({ ...call, maxOutputTokens: 100, abortSignal: controller.signal })
    for await (const _ of result.textStream) break
    expect(backend.stats.liveBytes).toBeGreaterThan(idle)
    controller.abort()
    await expect.poll(() => backend.stats.liveBytes).toBe(idle)
    const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }] })
    const reader = stream.getReader()
    for (let i = 0; i < 3; i++) await reader.read()
    expect(backend.stats.liveBytes).toBeGreaterThan(idle)
    await reader.cancel()
    expect(backend.stats.liveBytes).toBe(idle)
  })

  test('gives an error as a part of the stream', async () => {
    const parts = await read(streamText({ ...call, temperature: -1, onError: () => {} }))
    expect(parts.find(({ type }) => type === 'error')).toMatchObject({ error: { code: 'INVALID_OPTION' } })
  })
})

describe('structured output', () => {
  const schema = z.object({ animal: z.enum(['fox', 'bear']), age: z.int().min(1).max(9) })

  test('generateObject and Output.object give values of the schema, with the ids of plain decoding', async () => {
    const { object } = await generateObject({ ...call, schema, maxOutputTokens: 60 })
    expect(schema.parse(object)).toEqual(object)
    const { output } = await generateText({ ...call, output: Output.object({ schema }), maxOutputTokens: 60 })
    expect(output).toEqual(object)
    const plain = outrider(engine, { template })
    expect((await generateObject({ ...call, model: plain, schema, maxOutputTokens: 60 })).object).toEqual(object)
  })

  test('a schema that cannot be held to is refused', async () => {
    const not = jsonSchema({ not: { type: 'string' } })
    await expect(generateObject({ ...call, schema: not })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('an object that was cut off is none', async () => {
    await expect(generateObject({ ...call, schema, maxOutputTokens: 3 })).rejects.toThrow('No object generated')
  })
})
