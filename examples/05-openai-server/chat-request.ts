import type { ChatMessage } from '@outrider/core'
import { z } from 'zod'
import { ApiError } from './api-error'
import { type Asked, checkLength, checkModel, type Served } from './asked'
import { generateOptions, sharedFields } from './fields'
import { responseFormat } from './response-format'

const text = z.union(
  [z.string(), z.array(z.strictObject({ type: z.literal('text'), text: z.string() }))],
  'must be a text or a list of parts of type text: this model reads nothing else',
)

const message = z.discriminatedUnion(
  'role',
  [
    z.strictObject({ role: z.enum(['system', 'developer', 'user']), content: text }),
    // As answers have it, so that they can be sent back.
    z.strictObject({ role: z.literal('assistant'), content: text.nullish(), refusal: z.null().optional() }),
  ],
  'must be system, developer, user or assistant: there are no tools',
)

const chatRequest = z.strictObject({
  ...sharedFields,
  messages: z.array(message).min(1),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: responseFormat.nullish(),
})

/** Reads a request of /v1/chat/completions. Throws `ApiError`, `ZodError`, `OutriderError`. */
export function readChat(body: unknown, served: Served): Asked {
  const fields = chatRequest.parse(body)
  checkModel(fields.model, served)
  if (fields.top_logprobs && !fields.logprobs)
    throw new ApiError(400, 'top_logprobs: needs logprobs to be true', { param: 'top_logprobs' })
  const prompt = promptOf(fields.messages, served)
  const maxTokens = fields.max_completion_tokens ?? fields.max_tokens ?? null
  checkLength(prompt, maxTokens, served, 'messages')
  const constraint = served.formats.constraint(fields.response_format)
  return {
    prompts: [prompt],
    n: fields.n ?? 1,
    options: {
      ...generateOptions(fields, served.strategy),
      ...(maxTokens !== null && { maxTokens }),
      ...(constraint && { constraint }),
    },
    logProbs: fields.logprobs ? (fields.top_logprobs ?? 0) : null,
    stream: fields.stream ?? false,
    streamUsage: fields.stream_options?.include_usage ?? false,
  }
}

function promptOf(messages: readonly z.infer<typeof message>[], { tokenizer, template }: Served): readonly number[] {
  const chat = messages.map(({ role, content }): ChatMessage => {
    const said = typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('')
    // What OpenAI calls the developer, templates call the system.
    return { role: role === 'developer' ? 'system' : role, content: said }
  })
  return tokenizer.encode(template ? template(chat) : tokenizer.chat(chat, { generationPrompt: true }))
}
