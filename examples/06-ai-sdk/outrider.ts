import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider'
import { type ChatMessage, type Engine, type Finish, OutriderError, type Part } from '@outrider/core'
import { draftMetadata } from './metadata'
import { promptOf } from './prompt'
import { type CallSettings, readSettings } from './settings'

/** How an engine is shown to the AI SDK. */
export interface OutriderSettings {
  /** One of the engine's strategies, where `providerOptions.outrider.strategy` names none. Default `plain`. */
  readonly strategy?: string
  /** What the SDK's telemetry calls the model. Default the architecture. */
  readonly modelId?: string
  /** Writes the prompt of a chat, for models without a chat template or in place of theirs. */
  readonly template?: (messages: readonly ChatMessage[]) => string
}

/**
 * A model of the AI SDK (specification 4) that decodes with an engine on this machine. The engine stays its maker's. What a call asks
 * that it cannot give is in `warnings`; prompts that it cannot read throw `UnsupportedFunctionalityError`, a model without a chat
 * template `CHAT_TEMPLATE_MISSING`, schemas that cannot be held to `INVALID_OPTION`.
 */
export function outrider(engine: Engine, settings: OutriderSettings = {}): LanguageModelV4 {
  const begin = (options: LanguageModelV4CallOptions): { parts: AsyncGenerator<Part>; call: CallSettings } => {
    const call = readSettings(options, settings.strategy ?? 'plain')
    const ids = promptOf(options.prompt, engine.tokenizer, settings.template ?? null)
    return { parts: engine.generate(ids, call.generate), call }
  }
  return {
    specificationVersion: 'v4',
    provider: 'outrider',
    modelId: settings.modelId ?? engine.model.architecture,
    supportedUrls: {},
    async doGenerate(options) {
      const { parts, call } = begin(options)
      let text = ''
      let finish: Finish | null = null
      try {
        for await (const part of parts) {
          text += part.text
          finish = part.finish
        }
      } catch (error) {
        throw abortReason(error, options)
      }
      return {
        content: [{ type: 'text', text }],
        ...ending(finish as Finish, call.strategy, engine.exact),
        warnings: call.warnings,
      }
    },
    async doStream(options) {
      const { parts, call } = begin(options)
      return { stream: readable(streamParts(parts, call, engine.exact), options) }
    },
  }
}

/**
 * Decodes as it is read, a round a pull. A signal ends the generation also where nobody reads any more (a reader of the SDK that goes
 * away does not cancel the stream).
 */
function readable(
  parts: AsyncGenerator<LanguageModelV4StreamPart, void, void>,
  options: LanguageModelV4CallOptions,
): ReadableStream<LanguageModelV4StreamPart> {
  const { abortSignal } = options
  const leave = async () => {
    abortSignal?.removeEventListener('abort', leave)
    await parts.return()
  }
  abortSignal?.addEventListener('abort', leave)
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      async pull(controller) {
        try {
          const { done, value } = await parts.next()
          if (!done) return controller.enqueue(value)
          abortSignal?.removeEventListener('abort', leave)
          if (abortSignal?.aborted) controller.error(abortSignal.reason)
          else controller.close()
        } catch (error) {
          if (abortSignal?.aborted) controller.error(abortReason(error, options))
          else {
            abortSignal?.removeEventListener('abort', leave)
            controller.enqueue({ type: 'error', error })
            controller.close()
          }
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}

const id = 'text'

/** A round's text a delta. */
async function* streamParts(
  parts: AsyncIterable<Part>,
  { strategy, warnings }: CallSettings,
  exact: boolean,
): AsyncGenerator<LanguageModelV4StreamPart, void, void> {
  yield { type: 'stream-start', warnings }
  yield { type: 'text-start', id }
  for await (const { text, finish } of parts) {
    if (text !== '') yield { type: 'text-delta', id, delta: text }
    if (!finish) continue
    yield { type: 'text-end', id }
    yield { type: 'finish', ...ending(finish, strategy, exact) }
  }
}

function ending(finish: Finish, strategy: string, exact: boolean) {
  return {
    finishReason: finishReason(finish),
    usage: usage(finish),
    providerMetadata: { outrider: draftMetadata(finish, strategy, exact) },
  }
}

function finishReason({ reason }: Finish): LanguageModelV4FinishReason {
  return { unified: reason === 'length' ? 'length' : 'stop', raw: reason }
}

function usage({ usage: { promptTokens, completionTokens } }: Finish): LanguageModelV4Usage {
  return {
    inputTokens: { total: promptTokens, noCache: promptTokens, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: completionTokens, text: completionTokens, reasoning: 0 },
  }
}

/** The SDK knows an aborted call by the signal's own reason. */
function abortReason(error: unknown, { abortSignal }: LanguageModelV4CallOptions): unknown {
  return OutriderError.is(error, 'ABORTED') && abortSignal?.aborted ? abortSignal.reason : error
}
