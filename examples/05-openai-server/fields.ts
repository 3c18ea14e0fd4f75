import type { GenerateOptions } from '@outrider/core'
import { z } from 'zod'

const atMost = (least: number, most: number) => z.number().min(least).max(most).nullish()

/** Fields that both endpoints have. Null is what is left out; any other field is refused by its name. */
export const sharedFields = {
  model: z.string('must be the name of a model, as /v1/models lists it'),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(16).nullish(),
  max_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)], 'must be a text or a list of up to four').nullish(),
  seed: z.int().min(0).nullish(),
  temperature: atMost(0, 2),
  top_p: atMost(0, 1),
  presence_penalty: atMost(-2, 2),
  frequency_penalty: atMost(-2, 2),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).nullish(),
  // Not OpenAI's; the first three have vLLM's names.
  top_k: z.int().min(0).nullish(),
  min_p: atMost(0, 1),
  repetition_penalty: z.number().positive().nullish(),
  typical_p: atMost(0, 1),
  strategy: z.string().nullish(),
  // Whom the request is for: nothing here depends on it.
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
}

const shared = z.object(sharedFields)

/** What both endpoints read alike. */
export type SharedFields = z.infer<typeof shared>

/** The engine's options for a request's; `strategy` is what decodes where it names none. OpenAI samples at 1 unless told otherwise. */
export function generateOptions(
  fields: SharedFields,
  strategy: string,
): GenerateOptions & { readonly strategy: string } {
  return {
    strategy: fields.strategy ?? strategy,
    temperature: fields.temperature ?? 1,
    ...given({
      topP: fields.top_p,
      topK: fields.top_k,
      minP: fields.min_p,
      typicalP: fields.typical_p,
      presencePenalty: fields.presence_penalty,
      frequencyPenalty: fields.frequency_penalty,
      repetitionPenalty: fields.repetition_penalty,
      logitBias: fields.logit_bias,
      seed: fields.seed,
      stop: fields.stop,
    }),
  }
}

/** Without what was left out. */
function given<T extends object>(fields: T): { [name in keyof T]?: NonNullable<T[name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as {
    [name in keyof T]?: NonNullable<T[name]>
  }
}
