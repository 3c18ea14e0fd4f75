import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readPrompts, spreadOver } from './prompts'

const folder = await mkdtemp(join(tmpdir(), 'outrider-prompts-'))
afterAll(() => rm(folder, { recursive: true }))

async function file(text: string): Promise<string> {
  const path = join(folder, 'prompts.jsonl')
  await writeFile(path, text)
  return path
}

test('prompts are texts, first turns or token ids', async () => {
  const path = await file(
    [
      '{"prompt":"Once","name":"a start"}',
      '{"question_id":81,"category":"writing","turns":["Write a poem.","Again."]}',
      '',
      '{"ids":[1,2,3]}',
    ].join('\n'),
  )
  expect(await readPrompts(path)).toEqual([
    { name: 'a start', category: null, text: 'Once' },
    { name: 'question 81', category: 'writing', turn: 'Write a poem.' },
    { name: `${path}, line 4`, category: null, ids: [1, 2, 3] },
  ])
})

test.each([
  ['nonsense', 'line 1 is no JSON object: nonsense'],
  ['{"prompt":"a"}\n[]', 'line 2 needs "prompt"'],
  ['{"prompt":"a"}\n3', 'line 2 is no JSON object'],
  ['{"turns":[]}', 'needs "prompt" (a text), "turns" (texts) or "ids"'],
  ['{"ids":[1,"2"]}', 'needs "prompt"'],
  ['\n', 'has no prompt'],
])('%j is refused', async (text, message) => {
  await expect(readPrompts(await file(text))).rejects.toThrow(message)
})

test('a file that is not there is named', async () => {
  await expect(readPrompts('no-such.jsonl')).rejects.toThrow('cannot read no-such.jsonl')
})

test('a limit takes prompts from all over the file', () => {
  const items = Array.from({ length: 10 }, (_, i) => i)
  expect(spreadOver(items, 5)).toEqual([0, 2, 4, 6, 8])
  expect(spreadOver(items, 3)).toEqual([0, 3, 6])
  expect(spreadOver(items, Number.POSITIVE_INFINITY)).toEqual(items)
  expect(spreadOver(items, 11)).toEqual(items)
})
