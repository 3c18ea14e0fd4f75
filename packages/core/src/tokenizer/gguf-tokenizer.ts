import { OutriderError } from '../errors'
import type { Tokenizer } from '../spec/tokenizer'
import { ggufBpe, type TokenizerModel } from './gguf-bpe'
import { ggufSentencePiece } from './gguf-sentencepiece'
import { type GgufVocabulary, ggufEndTokens, ggufVocabulary, TOKEN_TYPE } from './gguf-vocabulary'
import { LibraryTokenizer } from './library-tokenizer'

type Json = Readonly<Record<string, unknown>>

/**
 * The tokenizer that a GGUF carries in its metadata, or null where it has none: byte-level BPE (`gpt2`) or SentencePiece (`llama`).
 * Throws `UNSUPPORTED_CONFIG`, `FILE_MALFORMED`.
 *
 * @example
 * ```ts
 * import { ggufTokenizer, openTensors } from '@outrider/core/load'
 *
 * const { config, location } = await openTensors('./SmolLM2-135M-Instruct.Q4_1.gguf')
 * const tokenizer = ggufTokenizer(config ?? {}, location)
 * ```
 */
export function ggufTokenizer(metadata: Json, location: string): Tokenizer | null {
  const kind = metadata['tokenizer.ggml.model']
  if (kind === undefined || kind === 'none' || kind === 'no_vocab') return null
  const vocabulary = ggufVocabulary(metadata, location)
  const { json, addBos } = model(kind, metadata, vocabulary, location)
  const bos = metadata['tokenizer.ggml.bos_token_id']
  const stated = metadata['tokenizer.ggml.add_bos_token']
  const template = metadata['tokenizer.chat_template']
  return new LibraryTokenizer({
    location,
    json: { ...json, added_tokens: addedTokens(vocabulary) },
    bos: typeof bos === 'number' ? bos : null,
    eos: ggufEndTokens(metadata),
    addBos: typeof stated === 'boolean' ? stated : addBos,
    chatTemplate: typeof template === 'string' ? template : null,
  })
}

function model(kind: unknown, metadata: Json, vocabulary: GgufVocabulary, location: string): TokenizerModel {
  if (kind === 'gpt2') return ggufBpe(metadata, vocabulary, location)
  if (kind === 'llama') return ggufSentencePiece(metadata, vocabulary, location)
  throw new OutriderError(
    'UNSUPPORTED_CONFIG',
    `${location}: a tokenizer of kind ${JSON.stringify(kind)} is not known: gpt2 and llama are.`,
    { details: { location, kind } },
  )
}

/** Tokens that are found in a text as they stand; control tokens and the unknown one are special. */
function addedTokens({ tokens, types }: GgufVocabulary): readonly Json[] {
  return tokens.flatMap((content, id) => {
    const type = types[id]
    const special = type === TOKEN_TYPE.control || type === TOKEN_TYPE.unknown
    if (!special && type !== TOKEN_TYPE.userDefined) return []
    return [{ id, content, special, normalized: false, single_word: false, lstrip: false, rstrip: false }]
  })
}
