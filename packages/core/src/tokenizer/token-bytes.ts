import { OutriderError } from '../errors'

/** What the tokens of a vocabulary spell. */
export interface Spelling {
  /** UTF-8 bytes of a token; a token may hold part of a character. */
  readonly bytes: (token: string) => Uint8Array
  /** A character of which up to `count` are left out at the very beginning of a text. */
  readonly strip: { readonly content: string; readonly count: number } | null
}

interface DecoderConfig {
  readonly type: string
  readonly decoders?: readonly DecoderConfig[]
  readonly pattern?: { readonly String?: string }
  readonly content?: string
  readonly start?: number
  readonly stop?: number
  readonly replacement?: string
  readonly prepend_scheme?: string
}

/** Bytes by the characters that byte-level vocabularies write them with (GPT-2's `bytes_to_unicode`). */
const BYTE_OF: ReadonlyMap<string, number> = byteLevelAlphabet()

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/

/**
 * How tokens spell text by the `decoder` of a `tokenizer.json`: byte-level, or SentencePiece's with byte tokens. The library
 * decodes whole sequences only; a stream needs the bytes of each token. Throws `UNSUPPORTED_CONFIG`.
 */
export function spellingOf(decoder: unknown, location: string): Spelling {
  const steps = flatten(decoder as DecoderConfig | null)
  const encoder = new TextEncoder()
  const replaced: [string, string][] = []
  let strip: Spelling['strip'] = null
  let byteLevel = false
  let byteTokens = false
  for (const step of steps) {
    if (step.type === 'ByteLevel') byteLevel = true
    else if (step.type === 'ByteFallback') byteTokens = true
    else if (step.type === 'Replace' && step.pattern?.String !== undefined)
      replaced.push([step.pattern.String, step.content ?? ''])
    else if (step.type === 'Strip' && !step.stop) strip = { content: step.content ?? ' ', count: step.start ?? 0 }
    else if (step.type === 'Metaspace') {
      replaced.push([step.replacement ?? '▁', ' '])
      if (step.prepend_scheme !== 'never') strip = { content: ' ', count: 1 }
    } else if (step.type !== 'Fuse') throw unknownDecoder(step.type, location)
  }
  if (steps.length === 0) throw unknownDecoder('null', location)
  const bytes = (token: string): Uint8Array => {
    const byte = byteTokens ? BYTE_TOKEN.exec(token)?.[1] : undefined
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16))
    const spelled = byteLevel ? byteLevelBytes(token) : undefined
    return spelled ?? encoder.encode(replaced.reduce((text, [from, to]) => text.replaceAll(from, to), token))
  }
  return { bytes, strip }
}

function flatten(decoder: DecoderConfig | null | undefined): readonly DecoderConfig[] {
  if (!decoder) return []
  return decoder.type === 'Sequence' ? (decoder.decoders ?? []).flatMap(flatten) : [decoder]
}

/** undefined where the token has a character that stands for no byte: such a token is meant literally. */
function byteLevelBytes(token: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (const character of token) {
    const byte = BYTE_OF.get(character)
    if (byte === undefined) return undefined
    bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

/** Printable Latin-1 stands for itself; the other bytes take the characters from U+0100 on. */
function byteLevelAlphabet(): ReadonlyMap<string, number> {
  const alphabet = new Map<string, number>()
  let other = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)
    alphabet.set(String.fromCodePoint(printable ? byte : other++), byte)
  }
  return alphabet
}

function unknownDecoder(type: string, location: string): OutriderError {
  return new OutriderError(
    'UNSUPPORTED_CONFIG',
    `${location}: the tokenizer's decoder ${type} is not known: byte-level and SentencePiece vocabularies are.`,
    { details: { location, decoder: type } },
  )
}
