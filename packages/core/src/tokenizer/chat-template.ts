import { Template } from '@huggingface/jinja'
import { OutriderError } from '../errors'
import type { ChatMessage } from '../spec/tokenizer'

/** What a template is given besides the messages. */
export interface TemplateTokens {
  readonly bos_token: string | undefined
  readonly eos_token: string | undefined
}

/** Renders chats with a checkpoint's own template, with the variables that Hugging Face's `apply_chat_template` gives. */
export class ChatTemplate {
  #parsed: Template | undefined

  constructor(
    private readonly source: string,
    private readonly tokens: TemplateTokens,
    private readonly location: string,
  ) {}

  /** Throws `CHAT_TEMPLATE_FAILED`: a syntax that Jinja's subset here lacks, or what the template itself raises. */
  render(messages: readonly ChatMessage[], generationPrompt: boolean): string {
    try {
      this.#parsed ??= new Template(this.source)
      return this.#parsed.render({
        ...this.tokens,
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: generationPrompt,
        tools: null,
        documents: null,
      })
    } catch (cause) {
      throw new OutriderError(
        'CHAT_TEMPLATE_FAILED',
        `${this.location}: the chat template failed: ${cause instanceof Error ? cause.message : String(cause)}. Check the roles and their order, or write the prompt yourself.`,
        { details: { location: this.location, roles: messages.map(({ role }) => role) }, cause },
      )
    }
  }
}

/** The template among what `chat_template` may be: a text, or a list of named ones, of which `default` is meant. */
export function defaultTemplate(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return null
  const named = value as readonly { name?: unknown; template?: unknown }[]
  const chosen = named.find(({ name }) => name === 'default')?.template
  return typeof chosen === 'string' ? chosen : null
}
