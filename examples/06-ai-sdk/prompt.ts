import {
  type LanguageModelV4Message,
  type LanguageModelV4Prompt,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider'
import { type ChatMessage, OutriderError, type Tokenizer } from '@outrider/core'

/**
 * Token ids of a prompt, through the model's chat template or one of the caller's. Throws `TOKENIZER_MISSING`,
 * `CHAT_TEMPLATE_MISSING`, `UnsupportedFunctionalityError` for files and tools.
 */
export function promptOf(
  prompt: LanguageModelV4Prompt,
  tokenizer: Tokenizer | null,
  template: ((messages: readonly ChatMessage[]) => string) | null,
): readonly number[] {
  if (!tokenizer)
    throw new OutriderError('TOKENIZER_MISSING', 'the AI SDK speaks text, and this model came without a tokenizer')
  if (!template && !tokenizer.hasChatTemplate)
    throw new OutriderError(
      'CHAT_TEMPLATE_MISSING',
      'this model has no chat template: give one, outrider(engine, { template: (messages) => text })',
    )
  const messages = prompt.map((message) => ({ role: message.role, content: textOf(message) }))
  return tokenizer.encode(template ? template(messages) : tokenizer.chat(messages, { generationPrompt: true }))
}

function textOf(message: LanguageModelV4Message): string {
  if (message.role === 'system') return message.content
  return message.content
    .map((part) => {
      if (part.type === 'text') return part.text
      // What a model thought is no part of its answer.
      if (part.type === 'reasoning') return ''
      throw new UnsupportedFunctionalityError({ functionality: `${part.type} in a ${message.role} message` })
    })
    .join('')
}
