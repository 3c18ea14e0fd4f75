import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Constraint, collect, type GenerateOptions } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn } from './support/engines'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
const tokens = ['<unk>', '<s>', '</s>', '▁', ...letters, ...letters.map((letter) => `▁${letter}`)]

/** A model whose vocabulary is SentencePiece's: words begin with a space, that at the beginning of a text is none of its own. */
async function sentencePieceModel(): Promise<string> {
  const folder = await writeTinyModel({
    seed: 6,
    config: { vocab_size: tokens.length, bos_token_id: 1, eos_token_id: 2 },
  })
  const added = tokens.slice(0, 3).map((content, id) => ({ id, content, special: true, normalized: false }))
  const json = {
    added_tokens: added,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: letters.map((letter) => ['▁', letter]),
      unk_token: '<unk>',
    },
  }
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json))
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: tinyTemplate }))
  return folder
}

/** Words of one letter; of the tokens that may come first those with a space, or those without. */
const words = (first: 'space' | 'letter'): Constraint => ({
  specVersion: 1,
  name: `words, first a ${first}`,
  start: ({ vocab, bytes }) => {
    let begun = false
    return {
      mask: (path) => {
        const mask = new Uint32Array(Math.ceil(vocab / 32))
        for (let id = 0; id < vocab; id++) {
          const spelled = bytes(id)
          const spaced = spelled?.[0] === 32
          const fits = begun || path.length > 0 ? spaced : spaced === (first === 'space')
          if (spelled && spelled.at(-1) !== 32 && fits) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
        }
        return mask
      },
      accept: (ids) => {
        begun ||= ids.length > 0
      },
    }
  },
})

const engine = await engineOn(await sentencePieceModel())
const base: GenerateOptions = { maxTokens: 6, ignoreEos: true }

test('a text that goes on from a prompt begins with the space between them', async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const options = { ...base, temperature: 1, seed }
    const { ids, text } = await engine.complete('o n c e', options)
    const spelled = (all: readonly number[]) =>
      all
        .map((id) => (id < 3 ? '' : tokens[id]))
        .join('')
        .replaceAll('▁', ' ')
    expect(text).toBe(spelled(ids))
    const alone = await engine.complete([1], options)
    expect(alone.text).toBe(spelled(alone.ids).replace(/^ /, ''))
  }
})

test('a text under a constraint is what the constraint saw, wherever it begins', async () => {
  using chat = engine.session()
  for (const [first, form] of [
    ['space', /^( [a-z]){6}$/],
    ['letter', /^[a-z]( [a-z]){5}$/],
  ] as const) {
    const constraint = words(first)
    expect((await engine.complete('o n c e', { ...base, constraint })).text).toMatch(form)
    expect((await engine.complete([1], { ...base, constraint })).text).toMatch(form)
    expect((await collect(chat.send('o n', { ...base, constraint }))).text).toMatch(form)
  }
  // An answer that is free begins a text of its own.
  expect(
    (await collect(chat.send('o n', { ...base, bannedTokens: [3, ...letters.map((_, i) => 4 + i)] }))).text,
  ).toMatch(/^[a-z]( [a-z])*$/)
})

test('a resumed text goes on as the whole one does', async () => {
  const options = { ...base, temperature: 1, seed: 3 }
  const whole = await engine.complete('o n c e', options)
  for await (const part of engine.generate('o n c e', options)) {
    const saved = part.checkpoint()
    if (saved) expect(part.text + (await collect(engine.resume(saved))).text).toBe(whole.text)
    break
  }
})
