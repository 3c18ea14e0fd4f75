import type { Tokenizer } from '../spec/tokenizer'
import { defaultTemplate } from './chat-template'
import { LibraryTokenizer } from './library-tokenizer'

/** The files of a Hugging Face folder that make a tokenizer, as parsed. */
export interface HfTokenizerFiles {
  /** For messages: a path, URL or Hub id. */
  readonly location: string
  /** `tokenizer.json`. */
  readonly tokenizer: Readonly<Record<string, unknown>>
  /** `tokenizer_config.json`, or empty. */
  readonly config: Readonly<Record<string, unknown>>
  /** `chat_template.jinja`, which goes before the one in `tokenizer_config.json`. */
  readonly chatTemplate: string | null
  /** `bos_token_id` of the model's configuration, for folders without `tokenizer_config.json`. */
  readonly bos: number | null
  /** Every token that ends a generation, by the model's configuration. */
  readonly eos: readonly number[]
}

/**
 * A tokenizer from Hugging Face's files. Throws `FILE_MALFORMED`, `UNSUPPORTED_CONFIG`.
 *
 * @example
 * ```ts
 * import { hfTokenizer } from '@outrider/core/load'
 *
 * const tokenizer = await (await fetch('/stories-5m/tokenizer.json')).json()
 * const stories = hfTokenizer({ location: 'stories-5m', tokenizer, config: {}, chatTemplate: null, bos: 0, eos: [0] })
 * stories.encode('Once upon a time')
 * ```
 */
export function hfTokenizer({ location, tokenizer, config, chatTemplate, bos, eos }: HfTokenizerFiles): Tokenizer {
  const idOf = idsByContent(tokenizer)
  const ending = idOf(config.eos_token)
  return new LibraryTokenizer({
    location,
    json: tokenizer,
    bos: 'bos_token' in config ? (idOf(config.bos_token) ?? null) : bos,
    eos: ending === undefined || eos.includes(ending) ? eos : [...eos, ending],
    addBos: typeof config.add_bos_token === 'boolean' ? config.add_bos_token : undefined,
    chatTemplate: chatTemplate ?? defaultTemplate(config.chat_template),
  })
}

/** Finds the id of a token as `tokenizer_config.json` writes it: a text, or an object with `content`. */
function idsByContent(json: Readonly<Record<string, unknown>>): (token: unknown) => number | undefined {
  const added = (json.added_tokens ?? []) as readonly { readonly content: string; readonly id: number }[]
  const ids = new Map(added.map(({ content, id }) => [content, id]))
  const { vocab } = (json.model ?? {}) as { vocab?: unknown }
  const inModel = (typeof vocab === 'object' && vocab !== null ? vocab : {}) as Readonly<Record<string, unknown>>
  return (token) => {
    const content = typeof token === 'string' ? token : (token as { content?: unknown } | null | undefined)?.content
    if (typeof content !== 'string') return undefined
    const id = ids.get(content) ?? inModel[content]
    return typeof id === 'number' ? id : undefined
  }
}
