import { OutriderError } from '../errors'
import { type GgufVocabulary, strings } from './gguf-vocabulary'

type Json = Readonly<Record<string, unknown>>

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const WORDS_AND_SPACES = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const WORD = '|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+'

const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"

/** Splits at every match of `regex`, which stays a piece of its own. */
function split(regex: string): Json {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
}

/** Writes bytes as printable characters; with `gpt2`, splits as GPT-2 did before. */
function byteLevel(gpt2: boolean): Json {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: gpt2 }
}

/** How a text is cut up before the merges, by `tokenizer.ggml.pre`: the patterns of llama.cpp's `llama-vocab.cpp`. */
interface Preparation {
  readonly pieces: readonly Json[]
  readonly normalizer?: Json
  /** Whether a piece that is a token as it stands is one, whatever the merges say. */
  readonly ignoreMerges?: boolean
  /** Whether the beginning-of-sequence token is put first where the file does not say. */
  readonly addBos?: boolean
}

const LLAMA3: Preparation = {
  pieces: [split(`${CONTRACTIONS}${WORD}|\\p{N}{1,3}${WORDS_AND_SPACES}`), byteLevel(false)],
  ignoreMerges: true,
  addBos: true,
}

const QWEN2: Preparation = {
  pieces: [split(`${CONTRACTIONS}${WORD}|\\p{N}${WORDS_AND_SPACES}`), byteLevel(false)],
  normalizer: { type: 'NFC' },
}

const PREPARATIONS: Readonly<Record<string, Preparation>> = {
  'llama-bpe': LLAMA3,
  'llama-v3': LLAMA3,
  llama3: LLAMA3,
  qwen2: QWEN2,
  'deepseek-r1-qwen': QWEN2,
  smollm: { pieces: [split('\\p{N}'), byteLevel(true)] },
  'gpt-2': { pieces: [byteLevel(true)] },
  default: {
    pieces: [
      split('[\\p{P}\\$\\+<=>\\^~\\|]+'),
      split(GPT2_PATTERN),
      split('\\p{N}+'),
      split('[0-9][0-9][0-9]'),
      byteLevel(false),
    ],
  },
}

/** What is left of a `tokenizer.json` once the added tokens are known. */
export interface TokenizerModel {
  readonly json: Json
  readonly addBos: boolean
}

/** The `tokenizer.json` of a GGUF's byte-level BPE (`gpt2`). Throws `UNSUPPORTED_CONFIG` for an unknown `tokenizer.ggml.pre`, `FILE_MALFORMED`. */
export function ggufBpe(metadata: Json, { tokens }: GgufVocabulary, location: string): TokenizerModel {
  const pre = metadata['tokenizer.ggml.pre'] ?? 'default'
  const preparation = PREPARATIONS[String(pre)]
  if (!preparation)
    throw new OutriderError(
      'UNSUPPORTED_CONFIG',
      `${location}: the pre-tokenizer ${JSON.stringify(pre)} is not known: take the model's Hugging Face folder, or one of ${Object.keys(PREPARATIONS).join(', ')}.`,
      { details: { location, pre } },
    )
  const json = {
    normalizer: preparation.normalizer ?? null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: preparation.pieces },
    post_processor: null,
    decoder: byteLevel(false),
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: strings(metadata, 'tokenizer.ggml.merges', location).map((merge) => splitMerge(merge)),
      ignore_merges: preparation.ignoreMerges ?? false,
    },
  }
  return { json, addBos: preparation.addBos ?? false }
}

/** The two sides of a merge, which a space divides; a token may begin with one. */
function splitMerge(merge: string): [string, string] {
  const space = merge.indexOf(' ', 1)
  return [merge.slice(0, space), merge.slice(space + 1)]
}
