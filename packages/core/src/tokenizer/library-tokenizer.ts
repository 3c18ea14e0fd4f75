import { Tokenizer as Library } from '@huggingface/tokenizers'
import { OutriderError } from '../errors'
import type { ChatMessage, TextStream, Tokenizer } from '../spec/tokenizer'
import { ChatTemplate } from './chat-template'
import { Utf8Stream } from './text-stream'
import { type Spelling, spellingOf } from './token-bytes'

/** What a tokenizer is made from, wherever it was found. */
export interface TokenizerParts {
  /** For messages. */
  readonly location: string
  /** A `tokenizer.json` as parsed. */
  readonly json: Readonly<Record<string, unknown>>
  readonly bos: number | null
  readonly eos: readonly number[]
  /** Whether `encode` with `bos` puts it first; undefined: where the post-processor does. */
  readonly addBos: boolean | undefined
  readonly chatTemplate: string | null
}

interface AddedToken {
  readonly id: number
  readonly special?: boolean
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** `@huggingface/tokenizers` from text to ids; from ids to text our own, as a stream needs the bytes of single tokens. */
export class LibraryTokenizer implements Tokenizer {
  readonly size: number
  readonly bos: number | null
  readonly eos: readonly number[]
  readonly hasChatTemplate: boolean
  readonly #library: Library
  readonly #spelling: Spelling
  readonly #special: ReadonlySet<number>
  readonly #bytes: Map<number, Uint8Array> = new Map()
  readonly #addBos: boolean
  readonly #template: ChatTemplate | null
  readonly #location: string

  /** Throws `FILE_MALFORMED`, `UNSUPPORTED_CONFIG`. */
  constructor({ location, json, bos, eos, addBos, chatTemplate }: TokenizerParts) {
    const added = (json.added_tokens ?? []) as readonly AddedToken[]
    this.#location = location
    this.#library = build({ ...EMPTY, ...json, added_tokens: added }, location)
    this.#spelling = spellingOf(json.decoder, location)
    this.#special = new Set(added.filter(({ special }) => special).map(({ id }) => id))
    this.size = vocabularySize(this.#library)
    this.bos = bos
    this.eos = eos
    this.#addBos = bos !== null && (addBos ?? this.#library.encode('a').ids[0] === bos)
    this.hasChatTemplate = chatTemplate !== null
    const text = (id: number | null | undefined) => (id == null ? undefined : this.token(id))
    const tokens = { bos_token: text(bos), eos_token: text(eos[0]) }
    this.#template = chatTemplate === null ? null : new ChatTemplate(chatTemplate, tokens, location)
  }

  encode(text: string, { bos = false }: { readonly bos?: boolean } = {}): readonly number[] {
    // A character that the vocabulary cannot spell at all has no id.
    const ids = this.#library.encode(text, { add_special_tokens: false }).ids.filter((id) => id !== undefined)
    return bos && this.#addBos && this.bos !== null ? [this.bos, ...ids] : ids
  }

  decode(ids: readonly number[], options: { readonly special?: boolean } = {}): string {
    const stream = this.stream(options)
    return ids.map((id) => stream.push(id)).join('') + stream.end()
  }

  stream({ special = false, continues = false }: Parameters<Tokenizer['stream']>[0] = {}): TextStream {
    return new Utf8Stream(
      (id) => (!special && this.#special.has(id) ? NOTHING : this.#bytesOf(id)),
      continues ? null : this.#spelling.strip,
    )
  }

  token(id: number): string | undefined {
    return this.#library.id_to_token(id)
  }

  bytes(id: number): Uint8Array | undefined {
    return this.#special.has(id) || this.token(id) === undefined ? undefined : this.#bytesOf(id)
  }

  chat(
    messages: readonly ChatMessage[],
    { generationPrompt = true }: { readonly generationPrompt?: boolean } = {},
  ): string {
    if (this.#template) return this.#template.render(messages, generationPrompt)
    throw new OutriderError(
      'CHAT_TEMPLATE_MISSING',
      `${this.#location} has no chat template: take an instruction-tuned checkpoint, or write the prompt as a text.`,
      { details: { location: this.#location } },
    )
  }

  #bytesOf(id: number): Uint8Array {
    const known = this.#bytes.get(id)
    if (known) return known
    const token = this.token(id)
    const bytes = token === undefined ? NOTHING : this.#spelling.bytes(token)
    this.#bytes.set(id, bytes)
    return bytes
  }
}

function vocabularySize(library: Library): number {
  let size = 0
  for (const id of library.get_vocab().values()) size = Math.max(size, id + 1)
  return size
}

/** What a `tokenizer.json` may leave out and the library asks for. */
const EMPTY: Readonly<Record<string, unknown>> = {
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
}

function build(json: Readonly<Record<string, unknown>>, location: string): Library {
  try {
    return new Library(json, {})
  } catch (cause) {
    throw new OutriderError(
      'FILE_MALFORMED',
      `${location}: the tokenizer cannot be built: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { details: { location }, cause },
    )
  }
}
