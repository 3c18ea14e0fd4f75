import { readFile } from 'node:fs/promises'
import { type Engine, OutriderError, type Tokenizer } from '@outrider/core'
import { UsageError } from './usage-error'

/** A prompt of a file: `text` as it is, `turn` through the model's chat template, or token ids. */
export interface PromptLine {
  readonly name: string
  readonly category: string | null
  readonly text?: string
  readonly turn?: string
  readonly ids?: readonly number[]
}

/** What stories-5m goes on with: it begins every story with the token that ends one. */
const beginnings = [
  'A brave robot and a shy snail',
  '"Look!" said the boy.',
  'The queen gave the baker a gold coin',
  'Once upon a time, a fox and a hen',
]

/** The prompts that come with the example. `begin` stands before each. */
export function builtInPrompts(begin: string): readonly PromptLine[] {
  return beginnings.map((text, i) => ({ name: `beginning ${i + 1}`, category: null, text: begin + text }))
}

/** Reads a file with a JSON object a line: with `prompt`, `turns` (the first is taken) or `ids`. Throws `UsageError`. */
export async function readPrompts(file: string): Promise<readonly PromptLine[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`cannot read ${file}: ${error.message}`)
  })
  const lines = text.split('\n').flatMap((line, i) => (line.trim() ? [readLine(line, `${file}, line ${i + 1}`)] : []))
  if (lines.length === 0) throw new UsageError(`${file} has no prompt: write a JSON object with "prompt" a line`)
  return lines
}

function readLine(line: string, where: string): PromptLine {
  const value = parse(line, where)
  const { prompt, turns, ids, category, name, question_id: question } = value
  const known = {
    name: typeof name === 'string' ? name : question === undefined ? where : `question ${question}`,
    category: typeof category === 'string' ? category : null,
  }
  if (typeof prompt === 'string') return { ...known, text: prompt }
  if (Array.isArray(turns) && typeof turns[0] === 'string') return { ...known, turn: turns[0] }
  if (Array.isArray(ids) && ids.every((id) => Number.isInteger(id))) return { ...known, ids }
  throw new UsageError(`${where} needs "prompt" (a text), "turns" (texts) or "ids" (token ids)`)
}

function parse(line: string, where: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // The line is shown below.
  }
  throw new UsageError(`${where} is no JSON object: ${line.slice(0, 60)}`)
}

/** `count` items spread evenly over a list, so that a file sorted by category gives some of each; all where it has no more. */
export function spreadOver<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (count >= items.length) return items
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as Item)
}

/** What `fitPrompts` made: prompts in tokens, and the names of those that are too long. */
export interface FittedPrompts {
  readonly prompts: readonly { readonly prompt: readonly number[]; readonly name: string; readonly category?: string }[]
  readonly tooLong: readonly string[]
}

/** Turns lines into tokens and leaves out those that the engine cannot hold with `maxTokens` more. Throws `TOKENIZER_MISSING`. */
export function fitPrompts(engine: Engine, lines: readonly PromptLine[], maxTokens: number): FittedPrompts {
  const room = engine.limits.capacity - maxTokens
  const all = lines.map((line) => {
    const { name, category } = line
    return { prompt: encode(line, engine.tokenizer), name, ...(category !== null && { category }) }
  })
  const tooLong = all.filter(({ prompt }) => prompt.length > room).map(({ name }) => name)
  return { prompts: all.filter(({ prompt }) => prompt.length <= room), tooLong }
}

function encode({ text, turn, ids }: PromptLine, tokenizer: Tokenizer | null): readonly number[] {
  if (ids) return ids
  if (!tokenizer)
    throw new OutriderError('TOKENIZER_MISSING', 'this model came without a tokenizer: give prompts as "ids"')
  if (turn !== undefined && tokenizer.hasChatTemplate)
    return tokenizer.encode(tokenizer.chat([{ role: 'user', content: turn }], { generationPrompt: true }))
  return tokenizer.encode(turn ?? text ?? '', { bos: true })
}
