import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer as Library } from '@huggingface/tokenizers'
import { describe, expect, test } from 'vitest'
import { type HfTokenizerFiles, hfTokenizer } from './index'

const folder = join(import.meta.dirname, '../../../../models/stories-5m')
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const json = read('tokenizer.json') as Record<string, unknown>
const contexts = read('reference.json') as readonly {
  text: string
  promptIds: number[]
  greedyIds: number[]
  greedyText: string
}[]

function stories(files: Partial<HfTokenizerFiles> = {}) {
  return hfTokenizer({
    location: 'stories',
    tokenizer: json,
    config: {},
    chatTemplate: null,
    bos: 0,
    eos: [0],
    ...files,
  })
}

describe('stories-5m', () => {
  const tokenizer = stories()

  test.each(contexts)('encodes and decodes $text as PyTorch did', ({ text, promptIds, greedyIds, greedyText }) => {
    expect(tokenizer.encode(text)).toEqual(promptIds)
    expect(tokenizer.decode(greedyIds)).toBe(greedyText)
  })

  test('decodes as the library does, special tokens included', () => {
    const library = new Library(json, {})
    for (const { promptIds, greedyIds } of contexts) {
      const ids = [...promptIds, ...greedyIds]
      expect(tokenizer.decode(ids, { special: true })).toBe(
        library.decode(ids, { clean_up_tokenization_spaces: false }),
      )
    }
  })

  test('says what its tokens are', () => {
    expect(tokenizer).toMatchObject({ size: 2048, bos: 0, eos: [0], hasChatTemplate: false })
    expect(tokenizer.token(0)).toBe('<|end|>')
    expect(tokenizer.token(290)).toBe('The')
    expect(tokenizer.token(2048)).toBeUndefined()
  })

  test('has no chat', () => {
    expect(() => tokenizer.chat([{ role: 'user', content: 'Hi' }])).toThrow(
      expect.objectContaining({ code: 'CHAT_TEMPLATE_MISSING' }),
    )
  })
})

describe('stream', () => {
  const tokenizer = stories()

  test('never gives half a character and agrees with decode', () => {
    const text = 'Grüße, 世界! 👩‍👩‍👧 e\u0301<|end|> and on'
    const ids = tokenizer.encode(text)
    for (const special of [true, false]) {
      const stream = tokenizer.stream({ special })
      const parts = ids.map((id) => stream.push(id))
      expect(parts.join('')).not.toContain('\ufffd')
      expect(parts.length).toBeGreaterThan(20)
      expect(parts.join('') + stream.end()).toBe(tokenizer.decode(ids, { special }))
    }
    expect(tokenizer.decode(ids, { special: true })).toBe(text)
  })

  test('agrees with decode for any ids, also where their bytes are no UTF-8', () => {
    let state = 12345
    for (let round = 0; round < 50; round++) {
      const ids = Array.from({ length: 60 }, () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0
        return (state >>> 8) % 300 // the single bytes are the first 256 tokens
      })
      const stream = tokenizer.stream()
      const parts = ids.map((id) => stream.push(id))
      expect(parts.join('') + stream.end()).toBe(tokenizer.decode(ids))
    }
  })

  test('holds an unfinished character back until the end', () => {
    const stream = tokenizer.stream()
    const [first = 0] = tokenizer.encode('世')
    expect(stream.push(first)).toBe('')
    expect(stream.end()).toBe('\ufffd')
  })
})

describe('beginning and end of a sequence', () => {
  test('come from tokenizer_config.json where there is one', () => {
    const config = { bos_token: null, eos_token: { content: '<|end|>' }, add_bos_token: false }
    const tokenizer = stories({ config, bos: 5, eos: [7] })
    expect(tokenizer).toMatchObject({ bos: null, eos: [7, 0] })
    expect(tokenizer.encode('The', { bos: true })).toHaveLength(1)
  })

  test('the beginning is put first where the post-processor does it, or the configuration says so', () => {
    const post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<|end|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<|end|>': { id: '<|end|>', ids: [0], tokens: ['<|end|>'] } },
    }
    const processed = stories({ tokenizer: { ...json, post_processor } })
    expect(processed.encode('The', { bos: true })).toEqual([0, ...processed.encode('The')])
    expect(processed.encode('The')[0]).not.toBe(0)
    expect(stories().encode('The', { bos: true })[0]).not.toBe(0)
    expect(stories({ config: { add_bos_token: true } }).encode('The', { bos: true })[0]).toBe(0)
  })
})

describe('chat templates', () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello!' },
  ]
  const template =
    "{{ bos_token }}{% for m in messages %}\n  {%- if m['role'] == 'tool' %}{{ raise_exception('no tools') }}{% endif %}\n[{{ m.role }}] {{ m.content | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"

  test('get the messages, the tokens and whether an answer is to follow', () => {
    const tokenizer = stories({ config: { chat_template: template } })
    expect(tokenizer.hasChatTemplate).toBe(true)
    const chat = '<|end|>[user] Hi<|end|>\n[assistant] Hello!<|end|>\n' // as jinja2 renders it
    expect(tokenizer.chat(messages)).toBe(`${chat}[assistant]`)
    expect(tokenizer.chat(messages, { generationPrompt: false })).toBe(chat)
  })

  test('chat_template.jinja goes before the configuration, whose list may have a default', () => {
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'usual' },
    ]
    expect(stories({ config: { chat_template: named } }).chat(messages)).toBe('usual')
    expect(stories({ config: { chat_template: named }, chatTemplate: 'file' }).chat(messages)).toBe('file')
  })

  test('what a template raises, and what it cannot say, is an error with the reason', () => {
    const raising = stories({ chatTemplate: template })
    expect(() => raising.chat([{ role: 'tool', content: '1' }])).toThrow(
      expect.objectContaining({ code: 'CHAT_TEMPLATE_FAILED', message: expect.stringContaining('no tools') }),
    )
    expect(() => stories({ chatTemplate: '{% for %}' }).chat(messages)).toThrow(
      expect.objectContaining({ code: 'CHAT_TEMPLATE_FAILED' }),
    )
  })
})

test('a tokenizer that cannot be built is an error', () => {
  expect(() => stories({ tokenizer: { version: '1.0' } })).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED' }))
  expect(() => stories({ tokenizer: { ...json, decoder: { type: 'WordPiece' } } })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_CONFIG' }),
  )
})
