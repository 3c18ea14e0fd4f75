import type { LanguageModelV4CallOptions, SharedV4Warning } from '@ai-sdk/provider'
import type { Constraint, GenerateOptions } from '@outrider/core'
import { jsonSchema } from '@outrider/structured-output'
import { z } from 'zod'

/** What a call asks, in the engine's terms. */
export interface CallSettings {
  readonly strategy: string
  readonly generate: GenerateOptions
  readonly warnings: SharedV4Warning[]
}

/** `providerOptions.outrider`: what the SDK's own settings have no name for. */
const own = z.strictObject({
  strategy: z.string().optional(),
  minP: z.number().optional(),
  typicalP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
})

/** Reads a call's settings. Throws `INVALID_OPTION` for a schema that cannot be held to, a `ZodError` for unknown provider options. */
export function readSettings(options: LanguageModelV4CallOptions, defaultStrategy: string): CallSettings {
  const { strategy = defaultStrategy, ...more } = own.parse(options.providerOptions?.outrider ?? {})
  const { temperature, topP, topK, presencePenalty, frequencyPenalty, seed } = options
  const generate = {
    ...defined({ temperature, topP, topK, presencePenalty, frequencyPenalty, seed, ...more }),
    ...defined({ maxTokens: options.maxOutputTokens, stop: options.stopSequences, signal: options.abortSignal }),
    ...defined({ constraint: constraintOf(options.responseFormat) }),
    strategy,
  }
  return { strategy, generate, warnings: warningsOf(options) }
}

function constraintOf(format: LanguageModelV4CallOptions['responseFormat']): Constraint | undefined {
  if (format?.type !== 'json') return undefined
  return jsonSchema((format.schema as Record<string, unknown> | undefined) ?? { type: 'object' })
}

function warningsOf({ tools, toolChoice, reasoning }: LanguageModelV4CallOptions): SharedV4Warning[] {
  const warnings: SharedV4Warning[] = []
  const unsupported = (feature: string, details: string) => warnings.push({ type: 'unsupported', feature, details })
  if (tools && tools.length > 0) unsupported('tools', 'the model is not told of them and calls none')
  else if (toolChoice && toolChoice.type !== 'auto' && toolChoice.type !== 'none')
    unsupported('toolChoice', 'there are no tools to choose')
  if (reasoning && reasoning !== 'provider-default' && reasoning !== 'none')
    unsupported('reasoning', 'what a model thinks comes as its text')
  return warnings
}

/** Without what is undefined. */
function defined<T extends object>(given: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [name in keyof T]?: Exclude<T[name], undefined>
  }
}
