import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Tokenizer } from '../spec/tokenizer'
import sentencePiece from './fixtures/sentencepiece.json'
import { ggufTokenizer, hfTokenizer } from './index'

const folder = join(import.meta.dirname, '../../../../models/stories-5m')
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const texts = [
  ...(read('reference.json') as readonly { text: string; greedyText: string }[]).map(
    (one) => one.text.replaceAll('<|end|>', '') + one.greedyText,
  ),
  'Grüße, 世界! 👩‍👩‍👧 e\u0301\n\ttabs, \u00a0 and   spaces ',
]

const utf8 = (text: string) => Array.from(new TextEncoder().encode(text))
const text = (bytes: readonly number[]) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))

/** Bytes of tokens one after another; special tokens give none. */
const spelled = (tokenizer: Tokenizer, ids: readonly number[]) =>
  ids.flatMap((id) => Array.from(tokenizer.bytes(id) ?? []))

/** Ids of every token that spells something, in an order that looks random. */
function shuffled(tokenizer: Tokenizer): number[] {
  const spelling = Array.from({ length: tokenizer.size }, (_, id) => id).filter((id) => tokenizer.bytes(id))
  return spelling.sort((a, b) => ((a * 7919) % 4093) - ((b * 7919) % 4093))
}

describe('a byte-level vocabulary', () => {
  const stories = hfTokenizer({
    location: 'stories',
    tokenizer: read('tokenizer.json'),
    config: {},
    chatTemplate: null,
    bos: 0,
    eos: [0],
  })

  test.each(texts)("the bytes of a text's tokens are its UTF-8: %j", (written) => {
    const ids = stories.encode(written)
    expect(spelled(stories, ids)).toEqual(utf8(written))
    expect(stories.decode(ids)).toBe(written)
  })

  test('the first word of a text spells no space that is not there', () => {
    const [once, upon] = stories.encode('Once upon').map((id) => Array.from(stories.bytes(id) ?? []))
    expect([once, upon].map((bytes) => text(bytes ?? []))).toEqual(['Once', ' upon'])
  })

  test('any tokens decode to what their bytes are, characters cut apart among them', () => {
    const ids = shuffled(stories)
    expect(ids.length).toBe(2047)
    expect(stories.decode(ids)).toBe(text(spelled(stories, ids)))
    expect(ids.some((id) => text(Array.from(stories.bytes(id) ?? [])).includes('\ufffd'))).toBe(true)
  })

  test('every byte is a token, so that a constraint over bytes always has a way on', () => {
    const single = new Set(
      shuffled(stories).flatMap((id) => (stories.bytes(id)?.length === 1 ? [stories.bytes(id)?.[0]] : [])),
    )
    expect(single.size).toBe(256)
  })

  test('special tokens and ids without a token spell nothing', () => {
    expect(stories.token(0)).toBe('<|end|>')
    for (const id of [0, 2048, -1, 1e9]) expect(stories.bytes(id)).toBeUndefined()
    expect(spelled(stories, stories.encode('The<|end|>End'))).toEqual(utf8('TheEnd'))
  })
})

describe('a SentencePiece vocabulary', () => {
  const tokenizer = ggufTokenizer(
    {
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': sentencePiece.tokens,
      'tokenizer.ggml.scores': sentencePiece.scores,
      'tokenizer.ggml.token_type': sentencePiece.types,
      'tokenizer.ggml.bos_token_id': 1,
      'tokenizer.ggml.eos_token_id': 2,
    },
    'test',
  ) as Tokenizer
  const idOf = (token: string) => sentencePiece.tokens.indexOf(token)

  test('byte tokens spell their byte, and words the space before them', () => {
    expect(tokenizer.bytes(idOf('<0x0A>'))).toEqual(Uint8Array.of(10))
    expect(tokenizer.bytes(idOf('<0xFF>'))).toEqual(Uint8Array.of(255))
    expect(Array.from(tokenizer.bytes(idOf('▁The')) ?? [])).toEqual(utf8(' The'))
    expect(Array.from(tokenizer.bytes(idOf('ing')) ?? [])).toEqual(utf8('ing'))
  })

  test.each(sentencePiece.texts.filter((written) => written !== ''))(
    "the bytes of a text's tokens are its UTF-8 behind one space that decoding leaves out: %j",
    (written) => {
      const ids = tokenizer.encode(written)
      expect(spelled(tokenizer, ids)).toEqual(utf8(` ${written}`))
      expect(tokenizer.decode(ids)).toBe(written)
    },
  )

  test('any tokens decode to what their bytes are, but for a space at the beginning', () => {
    const ids = shuffled(tokenizer)
    expect(ids.length).toBe(sentencePiece.tokens.length - 3)
    const first = idOf('▁The')
    expect(` ${tokenizer.decode([first, ...ids])}`).toBe(text(spelled(tokenizer, [first, ...ids])))
  })

  test('a stream that goes on from a text keeps the space', () => {
    const ids = tokenizer.encode('little fox')
    const streamed = (continues: boolean) => {
      const stream = tokenizer.stream({ continues })
      return ids.map((id) => stream.push(id)).join('') + stream.end()
    }
    expect(streamed(false)).toBe('little fox')
    expect(streamed(true)).toBe(' little fox')
    expect(streamed(true)).toBe(text(spelled(tokenizer, ids)))
  })

  test('what is unknown and what begins or ends a text spells nothing', () => {
    for (const id of [0, 1, 2, sentencePiece.tokens.length]) expect(tokenizer.bytes(id)).toBeUndefined()
  })
})

test('Metaspace spells spaces whether or not it puts one first', () => {
  const metaspace = (prepend_scheme: string) => {
    const space = { type: 'Metaspace', replacement: '▁', prepend_scheme, split: false }
    const vocab = { '<unk>': 0, '▁': 1, a: 2, b: 3, '▁a': 4, '▁b': 5 }
    const merges = [
      ['▁', 'a'],
      ['▁', 'b'],
    ]
    return hfTokenizer({
      location: 'test',
      tokenizer: { pre_tokenizer: space, decoder: space, model: { type: 'BPE', vocab, merges, unk_token: '<unk>' } },
      config: {},
      chatTemplate: null,
      bos: null,
      eos: [],
    })
  }
  const cases = ['always', 'never'].map((scheme) => {
    const tokenizer = metaspace(scheme)
    const ids = tokenizer.encode('a b')
    return [text(spelled(tokenizer, ids)), tokenizer.decode(ids)]
  })
  expect(cases).toEqual([
    [' a b', 'a b'],
    ['a b', 'a b'],
  ])
})
