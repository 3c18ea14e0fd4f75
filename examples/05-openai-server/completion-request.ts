import { z } from 'zod'
import { type Asked, checkLength, checkModel, type Served } from './asked'
import { generateOptions, sharedFields } from './fields'

const ids = z.array(z.int().min(0)).min(1)

const completionRequest = z.strictObject({
  ...sharedFields,
  prompt: z.union(
    [z.string(), z.array(z.string()).min(1).max(16), ids, z.array(ids).min(1).max(16)],
    'must be a text, a list of token ids, or a list of up to 16 of either',
  ),
  logprobs: z.int().min(0).max(20).nullish(),
})

/** OpenAI's own, of this endpoint alone. */
const defaultMaxTokens = 16

/** Reads a request of /v1/completions. Throws `ApiError`, `ZodError`. */
export function readCompletion(body: unknown, served: Served): Asked {
  const fields = completionRequest.parse(body)
  checkModel(fields.model, served)
  const prompts = promptsOf(fields.prompt).map((prompt) =>
    typeof prompt === 'string' ? served.tokenizer.encode(prompt, { bos: true }) : prompt,
  )
  const maxTokens = fields.max_tokens ?? defaultMaxTokens
  for (const prompt of prompts) checkLength(prompt, maxTokens, served, 'prompt')
  return {
    prompts,
    n: fields.n ?? 1,
    options: { ...generateOptions(fields, served.strategy), maxTokens },
    logProbs: fields.logprobs ?? null,
    stream: fields.stream ?? false,
    streamUsage: fields.stream_options?.include_usage ?? false,
  }
}

function promptsOf(prompt: z.infer<typeof completionRequest>['prompt']): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt]
  return typeof prompt[0] === 'number' ? [prompt as readonly number[]] : (prompt as readonly (string | number[])[])
}
