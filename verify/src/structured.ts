import { basename } from 'node:path'
import { type Backend, type Constraint, createEngine, type Engine, type GenerateOptions } from '@outrider/core'
import { lookup } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { jsonSchema, regex } from '@outrider/structured-output'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { CheckResult } from './checks'
import type { Run } from './run'
import { timeStructured } from './structured-timing'

const schema = {
  type: 'object',
  properties: {
    name: { enum: ['Tim', 'Lily', 'Ben', 'Sue'] },
    age: { type: 'integer', minimum: 1, maximum: 12 },
    said: { type: 'string', maxLength: 12 },
    pets: { type: 'array', items: { enum: ['cat', 'dog', 'bird'] }, maxItems: 2 },
  },
  required: ['name', 'said'],
}
/** Of which a text has few tokens. */
const smallSchema = {
  type: 'object',
  properties: {
    a: { enum: ['Tim', 'a "cat"'] },
    n: { type: 'integer', minimum: 1 },
    s: { type: 'string', maxLength: 4 },
  },
  required: ['s'],
}

/** Texts that have to be of a form. */
export interface Form {
  readonly prompt: string
  readonly constraint: Constraint
  /** What is wrong with a text; null: nothing. */
  readonly wrong: (text: string) => string | null
}

function invalid(form: Readonly<Record<string, unknown>>): Form['wrong'] {
  const isValid = new Ajv2020().compile(form)
  return (text) => {
    try {
      return isValid(JSON.parse(text)) ? null : JSON.stringify(isValid.errors)
    } catch (error) {
      return String(error)
    }
  }
}

const pattern = /(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?:[1-9]|[12]\d|3[01]) (?:May|June|July)(?: [12]\d{3})?/

/** What is generated, by name. */
export const forms: Readonly<Record<'objects' | 'small objects' | 'dates', Form>> = {
  objects: {
    prompt: 'Lily had a cat. {"name":"Lily","age":5,"said":"I am happy","pets":["cat"]}\nTim had a dog. ',
    constraint: jsonSchema(schema),
    wrong: invalid(schema),
  },
  'small objects': {
    prompt: '{"a":"Tim","n":4,"s":"a"} ',
    constraint: jsonSchema(smallSchema),
    wrong: invalid(smallSchema),
  },
  dates: {
    prompt: 'One day, on Sunday, 3 May, Tim went to the park. The next day was ',
    constraint: regex(pattern),
    wrong: (text) => (new RegExp(`^(?:${pattern.source})$`).test(text) ? null : `does not match ${pattern}`),
  },
}

/** The embedded model with the strategies that are held to forms: EAGLE-3 as a chain and as a tree that it chooses, and a lookup. */
export function openStructured(backend: Backend, folder: string): Promise<Engine> {
  const head = `${folder}/eagle3`
  const strategies = [
    eagle({ head, name: 'eagle chain', tokens: 3 }),
    eagle({ head, name: 'eagle dynamic', tree: { topK: 3, depth: 3, nodes: 9 } }),
    lookup(),
  ]
  return createEngine({ backend, model: folder, strategies, capacity: 256, maxRows: 16, selfCheck: false })
}

/**
 * Generates `count` texts of a form, each with a seed of its own, plainly and with every strategy: all end by themselves and are of
 * the form, and the ids are plain decoding's.
 */
export async function checkStructured(
  engine: Engine,
  { prompt, constraint, wrong }: Form,
  count: number,
): Promise<CheckResult> {
  const faults: string[] = []
  const texts = new Set<string>()
  const lengths = new Map<string, number>()
  let tokens = 0
  for (let seed = 0; seed < count; seed++) {
    const temperature = [0.7, 1, 1.3][seed % 3] as number
    const options: GenerateOptions = { constraint, temperature, seed, maxTokens: 120 }
    const plain = await engine.complete(prompt, options)
    texts.add(plain.text)
    tokens += plain.ids.length
    for (const strategy of engine.strategies) {
      const { ids, text, reason, stats } =
        strategy === 'plain' ? plain : await engine.complete(prompt, { ...options, strategy })
      lengths.set(strategy, (lengths.get(strategy) ?? 0) + stats.meanAcceptanceLength / count)
      const why = wrong(text)
      if (why !== null || reason !== 'eos') faults.push(`${strategy}, seed ${seed}: ${text} ended by ${reason}, ${why}`)
      if (ids.join() !== plain.ids.join())
        faults.push(`${strategy}, seed ${seed}: ${text}, plain decoding has ${plain.text}`)
    }
  }
  const summary = [...lengths].map(([name, mean]) => `${name} ${mean.toFixed(2)}`).join(', ')
  return { faults, note: `${count} of ${tokens} tokens, ${texts.size} different; mean acceptance length: ${summary}` }
}

/** 200 objects of a schema (small ones where a CPU computes) and 20 dates of a regular expression, on the embedded model; times with its tokens and with `others`'. */
export async function verifyStructured(
  run: Run,
  backend: Backend,
  folder: string,
  others: readonly string[],
): Promise<void> {
  for (const model of [folder, ...others])
    for (const row of await timeStructured(model))
      run.report('structured output, ms', { model: basename(model), ...row })
  const engine = await openStructured(backend, folder)
  try {
    const objects = forms[backend.info.software ? 'small objects' : 'objects']
    await run.check('stories-5m: objects of a JSON schema', () => checkStructured(engine, objects, 200))
    await run.check('stories-5m: dates of a regular expression', () => checkStructured(engine, forms.dates, 20))
  } finally {
    await engine.dispose()
  }
}
