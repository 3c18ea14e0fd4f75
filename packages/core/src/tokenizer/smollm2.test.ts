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
