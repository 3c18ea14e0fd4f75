import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../errors'
import preTokenizers from './fixtures/pre-tokenizers.json'
import sentencePiece from './fixtures/sentencepiece.json'
import { ggufEndTokens, ggufTokenizer } from './index'

const stories = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../models/stories-5m/tokenizer.json'), 'utf8'),
) as { model: { vocab: Record<string, number>; merges: [string, string][] } }

/** The metadata that a GGUF of stories-5m would have. */
function storiesMetadata(pre: string | undefined): Record<string, unknown> {
  const tokens = Object.entries(stories.model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token)
  return {
    'tokenizer.ggml.model': 'gpt2',
    ...(pre !== undefined && { 'tokenizer.ggml.pre': pre }),
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((_, id) => (id === 0 ? 3 : 1)),
    'tokenizer.ggml.merges': stories.model.merges.map((pair) => pair.join(' ')),
    'tokenizer.ggml.bos_token_id': 0,
    'tokenizer.ggml.eos_token_id': 0,
  }
}

const pieces = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': sentencePiece.tokens,
  'tokenizer.ggml.scores': sentencePiece.scores,
  'tokenizer.ggml.token_type': sentencePiece.types,
  'tokenizer.ggml.bos_token_id': 1,
  'tokenizer.ggml.eos_token_id': 2,
}

describe('byte-level BPE', () => {
  test.each(Object.entries(preTokenizers.ids))('cuts texts as %s does', (pre, expected) => {
    const tokenizer = ggufTokenizer(storiesMetadata(pre), 'test')!
    expect(preTokenizers.texts.map((text) => tokenizer.encode(text))).toEqual(expected)
  })

  test('a file without a pre-tokenizer has the default one', () => {
    const tokenizer = ggufTokenizer(storiesMetadata(undefined), 'test')!
    expect(preTokenizers.texts.map((text) => tokenizer.encode(text))).toEqual(preTokenizers.ids.default)
  })

  test('every text comes back, unless the tokenizer normalises it', () => {
    for (const pre of ['smollm', 'llama-bpe', 'gpt-2', 'default']) {
      const tokenizer = ggufTokenizer(storiesMetadata(pre), 'test')!
      const again = preTokenizers.texts.map((text) => tokenizer.decode(tokenizer.encode(text), { special: true }))
      expect(again).toEqual(preTokenizers.texts)
    }
  })

  test('puts the beginning first where the file, or else the pre-tokenizer, says so', () => {
    const first = (metadata: Record<string, unknown>) =>
      ggufTokenizer(metadata, 'test')!.encode('The', { bos: true })[0]
    const the = stories.model.vocab.The
    expect(first(storiesMetadata('smollm'))).toBe(the)
    expect(first(storiesMetadata('llama-bpe'))).toBe(0)
    expect(first({ ...storiesMetadata('llama-bpe'), 'tokenizer.ggml.add_bos_token': false })).toBe(the)
    expect(first({ ...storiesMetadata('smollm'), 'tokenizer.ggml.add_bos_token': true })).toBe(0)
  })
})

describe('SentencePiece', () => {
  const tokenizer = ggufTokenizer(pieces, 'test')!

  test('encodes as sentencepiece itself does', () => {
    expect(sentencePiece.texts.map((text) => tokenizer.encode(text))).toEqual(sentencePiece.ids)
  })

  test('decodes as sentencepiece itself does', () => {
    expect(sentencePiece.ids.map((ids) => tokenizer.decode(ids))).toEqual(sentencePiece.decoded)
  })

  test('puts the beginning first and leaves it out of the text', () => {
    const ids = tokenizer.encode('The dog', { bos: true })
    expect(ids[0]).toBe(1)
    expect(tokenizer.decode(ids)).toBe('The dog')
    expect(tokenizer.decode(ids, { special: true })).toBe('<s> The dog')
  })

  test('bytes that make no character become replacement characters, and nothing is lost after them', () => {
    const byte = (value: number) =>
      sentencePiece.tokens.indexOf(`<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`)
    const ids = [byte(0xe4), byte(0xbd), ...tokenizer.encode('fox')]
    expect(tokenizer.decode(ids)).toBe('\ufffd fox')
  })
})

test('padding at the end of the vocabulary does not count', () => {
  const metadata = storiesMetadata('smollm')
  const tokens = [...(metadata['tokenizer.ggml.tokens'] as string[]), '[PAD1]', '[PAD2]']
  const types = [...(metadata['tokenizer.ggml.token_type'] as number[]), 5, 5]
  const padded = { ...metadata, 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.token_type': types }
  expect(ggufTokenizer(padded, 'test')!.size).toBe(2048)
})

test('a generation ends at the stated tokens and at control tokens that end a turn', () => {
  const metadata = {
    'tokenizer.ggml.tokens': ['<s>', '</s>', '<|im_end|>', '<|endoftext|>', '<|eom|>'],
    'tokenizer.ggml.token_type': [3, 3, 3, 1, 3],
    'tokenizer.ggml.eos_token_id': 1,
    'tokenizer.ggml.eom_token_id': 4,
  }
  expect(ggufEndTokens(metadata)).toEqual([1, 4, 2])
})

test('a file without a tokenizer has none', () => {
  expect(ggufTokenizer({}, 'test')).toBeNull()
})

test.each<[string, Record<string, unknown>, ErrorCode]>([
  ['an unknown kind', { ...pieces, 'tokenizer.ggml.model': 'bert' }, 'UNSUPPORTED_CONFIG'],
  ['an unknown pre-tokenizer', storiesMetadata('tekken'), 'UNSUPPORTED_CONFIG'],
  ['no tokens', { 'tokenizer.ggml.model': 'gpt2' }, 'FILE_MALFORMED'],
  ['no merges', { ...storiesMetadata('smollm'), 'tokenizer.ggml.merges': 7 }, 'FILE_MALFORMED'],
  ['no scores', { ...pieces, 'tokenizer.ggml.scores': [] }, 'FILE_MALFORMED'],
])('%s is an error', (_, metadata, code) => {
  expect(() => ggufTokenizer(metadata, 'test')).toThrow(expect.objectContaining({ code }))
})
