import type { ChatMessage, Engine, GenerateOptions, Tokenizer } from '@outrider/core'
import { ApiError } from './api-error'
import type { Formats } from './response-format'

/** What is served, and how. */
export interface Served {
  readonly engine: Engine
  readonly tokenizer: Tokenizer
  /** What `model` has to be. */
  readonly name: string
  /** What decodes requests that name no strategy. */
  readonly strategy: string
  /** Writes the prompt of a chat for a model without a chat template of its own. */
  readonly template: ((messages: readonly ChatMessage[]) => string) | null
  readonly formats: Formats
}

/** What a request asks, whichever endpoint it came by. */
export interface Asked {
  readonly prompts: readonly (readonly number[])[]
  /** Answers to each prompt. */
  readonly n: number
  readonly options: GenerateOptions & { readonly strategy: string }
  /** How many of the most likely tokens to tell beside each token; null: no log-probabilities at all. */
  readonly logProbs: number | null
  readonly stream: boolean
  /** Whether a stream ends with what was used. */
  readonly streamUsage: boolean
}

/** Throws `ApiError` 404 for a model that is not served. */
export function checkModel(model: string, { name }: Served): void {
  if (model !== name)
    throw new ApiError(404, `The model \`${model}\` does not exist: this server has \`${name}\``, {
      param: 'model',
      code: 'model_not_found',
    })
}

/** Throws `ApiError` 400 where a prompt and the tokens that are asked for do not fit a session. */
export function checkLength(prompt: readonly number[], asked: number | null, { engine }: Served, param: string): void {
  const { capacity } = engine.limits
  const tokens = asked ?? 1
  if (prompt.length + tokens <= capacity) return
  const what = asked === null ? '' : ` and ${asked} in the completion`
  throw new ApiError(
    400,
    `This model's maximum context length is ${capacity} tokens, but you requested ${prompt.length + tokens}: ${prompt.length} in the ${param}${what}. Shorten the ${param} or the completion.`,
    { param, code: 'context_length_exceeded' },
  )
}
