import type { Constraint } from '@outrider/core'
import { openCheckpoint } from '@outrider/core/load'
import { jsonSchema, regex } from '@outrider/structured-output'

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 20 },
    age: { type: 'integer', minimum: 1, maximum: 12 },
    mood: { enum: ['happy', 'sad'] },
    pets: { type: 'array', items: { type: 'string', maxLength: 12 }, maxItems: 3 },
  },
  required: ['name', 'age'],
}

const forms: Readonly<Record<string, () => Constraint>> = {
  'an object of four properties': () => jsonSchema(person),
  'a string of at most 200 characters': () => jsonSchema({ type: 'string', maxLength: 200 }),
  'any JSON value, two deep': () => jsonSchema(true),
  'a date': () => regex(/\d{4}-\d\d-\d\d/),
}

/** What a constraint takes with a model's tokens, ms: to compile, to start the first time and later, and a mask, over texts drawn at random. */
export async function timeStructured(model: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const checkpoint = await openCheckpoint(model)
  const tokenizer = await checkpoint.tokenizer()
  await checkpoint.close()
  if (!tokenizer) return []
  const vocabulary = { vocab: tokenizer.size, eos: tokenizer.eos, bytes: (id: number) => tokenizer.bytes(id) }
  const rows = []
  for (const [form, make] of Object.entries(forms)) {
    const [compile, constraint] = await timed(make)
    const [start] = await timed(() => constraint.start(vocabulary))
    const [again] = await timed(() => constraint.start(vocabulary))
    const masks: number[] = []
    for (let text = 0; text < 20; text++) {
      const matcher = await constraint.start(vocabulary)
      for (let i = 0; i < 100; i++) {
        const [took, mask] = await timed(() => matcher.mask([]))
        masks.push(took)
        const allowed = Array.from({ length: tokenizer.size }, (_, id) => id).filter(
          (id) => ((mask as Uint32Array)[id >>> 5] as number) & (1 << (id & 31)),
        )
        // Spread over what is allowed, the same in every run.
        const next = allowed[(text * 7919 + i * 104729) % allowed.length] as number
        if (tokenizer.eos.includes(next)) break
        matcher.accept([next])
      }
    }
    masks.sort((a, b) => a - b)
    const at = (share: number) => masks[Math.floor((masks.length - 1) * share)] as number
    const times = { compile, start, again, 'mask, median': at(0.5), 'mask, 9 of 10': at(0.9), 'mask, longest': at(1) }
    const rounded = Object.entries(times).map(([name, ms]) => [name, Number(ms.toPrecision(2))])
    rows.push({ form, vocab: tokenizer.size, masks: masks.length, ...Object.fromEntries(rounded) })
  }
  return rows
}

async function timed<T>(work: () => T | Promise<T>): Promise<readonly [ms: number, value: T]> {
  const started = performance.now()
  const value = await work()
  return [performance.now() - started, value]
}
