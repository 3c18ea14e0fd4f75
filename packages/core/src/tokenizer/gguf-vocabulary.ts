import { OutriderError } from '../errors'

type Metadata = Readonly<Record<string, unknown>>

/** `tokenizer.ggml.token_type`, of `llama.h`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

/** The tokens of a GGUF's own vocabulary by their ids. */
export interface GgufVocabulary {
  readonly tokens: readonly string[]
  /** TOKEN_TYPE of each token; normal where the file does not say. */
  readonly types: readonly number[]
}

/** Tokens that end a turn in one chat format or another: `eos_token_id` names one of them only. */
const TURN_ENDS: readonly string[] = ['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<|endoftext|>', '<|end_of_text|>']

/** The vocabulary, without the unused tokens at its end that only pad it. Throws `FILE_MALFORMED`. */
export function ggufVocabulary(metadata: Metadata, location: string): GgufVocabulary {
  const all = strings(metadata, 'tokenizer.ggml.tokens', location)
  const stored = metadata['tokenizer.ggml.token_type']
  const types = all.map((_, id) =>
    Array.isArray(stored) && typeof stored[id] === 'number' ? stored[id] : TOKEN_TYPE.normal,
  )
  const size = types.findLastIndex((type) => type !== TOKEN_TYPE.unused) + 1
  return { tokens: all.slice(0, size), types: types.slice(0, size) }
}

/** A list of texts. Throws `FILE_MALFORMED`. */
export function strings(metadata: Metadata, key: string, location: string): readonly string[] {
  const value = metadata[key]
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new OutriderError('FILE_MALFORMED', `${location}: ${key} is not a list of texts.`, {
    details: { location, key },
  })
}

/**
 * Every token that ends a generation by a GGUF's metadata: its `eos`, `eot` and `eom` ids, and the control tokens that are known
 * to end a turn, as llama.cpp has it.
 */
export function ggufEndTokens(metadata: Metadata): readonly number[] {
  const ids = ['eos', 'eot', 'eom'].map((which) => metadata[`tokenizer.ggml.${which}_token_id`])
  const named = ids.filter((id): id is number => typeof id === 'number')
  const tokens = metadata['tokenizer.ggml.tokens']
  const types = metadata['tokenizer.ggml.token_type']
  if (!Array.isArray(tokens) || !Array.isArray(types)) return [...new Set(named)]
  const ends = TURN_ENDS.map((token) => tokens.indexOf(token)).filter(
    (id) => id >= 0 && types[id] === TOKEN_TYPE.control,
  )
  return [...new Set([...named, ...ends])]
}
