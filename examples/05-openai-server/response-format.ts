import type { Constraint } from '@outrider/core'
import { jsonSchema } from '@outrider/structured-output'
import { z } from 'zod'
import { apiErrorOf } from './api-error'

/** `response_format`. The text is held to a schema whether `strict` or not. */
export const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: z.string(),
        description: z.string().nullish(),
        schema: z.record(z.string(), z.unknown()),
        strict: z.boolean().nullish(),
      }),
    }),
  ],
  'must be of type text, json_object or json_schema',
)

/** As many as a few applications ask for in turn: each may keep masks of the whole vocabulary. */
const kept = 8

/** Turns formats into constraints, and keeps those that were asked for last: compiling one takes from milliseconds to seconds. */
export class Formats {
  /** By the schema as JSON, the one that was asked for last at the end. */
  readonly #known = new Map<string, Constraint>()

  /** What the text is held to. Throws `ApiError` 400 for a schema that cannot be held to. */
  constraint(format: z.infer<typeof responseFormat> | null | undefined): Constraint | null {
    if (!format || format.type === 'text') return null
    const schema = format.type === 'json_schema' ? format.json_schema.schema : { type: 'object' }
    const key = JSON.stringify(schema)
    const constraint = this.#known.get(key) ?? compile(schema)
    this.#known.delete(key)
    this.#known.set(key, constraint)
    const [oldest] = this.#known.keys()
    if (this.#known.size > kept) this.#known.delete(oldest as string)
    return constraint
  }
}

function compile(schema: Readonly<Record<string, unknown>>): Constraint {
  try {
    return jsonSchema(schema)
  } catch (error) {
    throw apiErrorOf(error, 'response_format')
  }
}
