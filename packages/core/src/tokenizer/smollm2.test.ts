import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { skippedWithout, smollm2 } from '../../../../verify/src/smollm2-files'
import { openCheckpoint } from '../load'

const skipped = skippedWithout(smollm2.gguf)

/** What PyTorch and Hugging Face's tokenizer made of these contexts: see the fixture. */
const contexts = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/smollm2.json'), 'utf8')) as readonly {
  text: string
  promptIds: number[]
  greedyIds: number[]
  greedyText: string
}[]

async function tokenizerOf(file: string) {
  const checkpoint = await openCheckpoint(file)
  const tokenizer = await checkpoint.tokenizer()
  await checkpoint.close()
  return tokenizer
}

describe.skipIf(skipped)(`SmolLM2's own tokenizer${skipped}`, () => {
  const opening = skipped ? null : tokenizerOf(smollm2.gguf)

  test.each(contexts)('encodes and decodes $text', async ({ text, promptIds, greedyIds, greedyText }) => {
    const tokenizer = (await opening)!
    expect(tokenizer.encode(text)).toEqual(promptIds)
    expect(tokenizer.decode(greedyIds, { special: true })).toBe(greedyText)
  })

  test("the bytes of a text's tokens are its UTF-8, special tokens left out", async () => {
    const tokenizer = (await opening)!
    const bytesOf = (ids: readonly number[]) => ids.flatMap((id) => Array.from(tokenizer.bytes(id) ?? []))
    const written = 'Grüße, 世界! 👩‍👩‍👧 e\u0301\n\ttabs, \u00a0 and   spaces 0x7f {"a": [1, 2.5e-3]}'
    for (const ids of [tokenizer.encode(written), ...contexts.flatMap((one) => [one.promptIds, one.greedyIds])])
      expect(bytesOf(ids)).toEqual(Array.from(new TextEncoder().encode(tokenizer.decode(ids))))
    expect(tokenizer.decode(tokenizer.encode(written))).toBe(written)
    const special = ['<|im_start|>', '<|im_end|>', '<|endoftext|>'].flatMap((token) => tokenizer.encode(token))
    expect(special.length).toBe(3)
    for (const id of special) expect(tokenizer.bytes(id)).toBeUndefined()
    const single = new Set<number>()
    for (let id = 0; id < tokenizer.size; id++) {
      const bytes = tokenizer.bytes(id)
      if (bytes?.length === 1) single.add(bytes[0] as number)
    }
    // What it lacks are control characters, bytes of no UTF-8 at all, and leads of planes without characters.
    const missing = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !single.has(byte))
    expect(missing.map((byte) => byte.toString(16)).join(' ')).toBe(
      '4 6 13 14 16 1d c0 c1 f1 f2 f5 f6 f7 f8 f9 fa fb fc fd fe ff',
    )
  })

  test('its chat template writes the prompts of the reference', async () => {
    const tokenizer = (await opening)!
    const chats = contexts.filter(({ text }) => text.startsWith('<|im_start|>'))
    expect(chats.length).toBe(5)
    for (const { text } of chats) {
      const [, content = ''] = /<\|im_start\|>user\n(.*?)<\|im_end\|>/s.exec(text) ?? []
      expect(tokenizer.chat([{ role: 'user', content }])).toBe(text)
    }
  })
})
