/** One turn of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | (string & {})
  readonly content: string
}

/** Turns ids into text piece by piece; a piece is held back until its characters are whole. */
export interface TextStream {
  /** Text that became certain with this token; may be empty. */
  push(id: number): string
  /** What was held back. */
  end(): string
}

/** Text to token ids and back. */
export interface Tokenizer {
  /** Ids that mean something: 0..size-1. The model's vocabulary may be padded beyond. */
  readonly size: number
  readonly bos: number | null
  /** Every token that ends a generation. */
  readonly eos: readonly number[]
  /**
   * Special tokens written in the text (`<|im_start|>`) become their ids. `bos: true` puts the beginning-of-sequence token
   * first where the tokenizer is configured to.
   */
  encode(text: string, options?: { readonly bos?: boolean }): readonly number[]
  /** Special tokens are left out unless `special`. */
  decode(ids: readonly number[], options?: { readonly special?: boolean }): string
  /**
   * Text token by token. A SentencePiece vocabulary writes a text's first word with a space that is none of the text's: `decode` and a
   * stream leave it out, but where the text goes on from one before (`continues`) it is the space between them.
   */
  stream(options?: { readonly special?: boolean; readonly continues?: boolean }): TextStream
  /** The token as the vocabulary writes it; two tokenizers agree where these do. Undefined for an id without one. */
  token(id: number): string | undefined
  /**
   * UTF-8 bytes that the token spells, maybe part of a character: all of them, also the space before a SentencePiece word, wherever it
   * stands. Bytes of a text's tokens, one after another, are its UTF-8, but for that space at its very beginning. Undefined for special
   * tokens and ids without a token.
   */
  bytes(id: number): Uint8Array | undefined
  /** Whether the checkpoint has a chat template. */
  readonly hasChatTemplate: boolean
  /** The prompt for a chat, ready for `encode`. Throws `CHAT_TEMPLATE_MISSING`, `CHAT_TEMPLATE_FAILED`. */
  chat(messages: readonly ChatMessage[], options?: { readonly generationPrompt?: boolean }): string
}
