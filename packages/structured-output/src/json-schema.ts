import { type Constraint, OutriderError } from '@outrider/core'
import { automatonOf } from './automaton'
import { SchemaReader } from './schema-reader'
import { tokenConstraint } from './token-constraint'

/** How the values of a schema are written. */
export interface JsonSchemaOptions {
  /** `{"a": 1, "b": 2}`, as most models have learnt it, instead of `{"a":1,"b":2}`. Default false. */
  readonly spaced?: boolean
  /** How deep values nest where the schema leaves them open, and how often a reference to itself is followed: 0 to 8. Default 2. */
  readonly depth?: number
}

/**
 * The whole text is one JSON value that satisfies a schema (2020-12): its properties in the schema's order, no other white space than
 * `spaced` puts in. A keyword that cannot be held to is refused and never ignored; which can, and which of the values are written, the
 * README lists. Compiled at once; give one constraint to as many generations as you like. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { createEngine } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 * import { jsonSchema } from '@outrider/structured-output'
 *
 * const engine = await createEngine({ backend: webgpu(), model: './models/stories-5m' })
 * const constraint = jsonSchema({
 *   type: 'object',
 *   properties: { name: { type: 'string', maxLength: 20 }, age: { type: 'integer', minimum: 1, maximum: 12 } },
 *   required: ['name', 'age'],
 * })
 * const { text } = await engine.complete('Once upon a time there was a girl:', { constraint })
 * console.log(JSON.parse(text))
 * ```
 */
export function jsonSchema(
  schema: boolean | Readonly<Record<string, unknown>>,
  { spaced = false, depth = 2 }: JsonSchemaOptions = {},
): Constraint {
  if (!Number.isInteger(depth) || depth < 0 || depth > 8)
    throw new OutriderError('INVALID_OPTION', `depth is ${depth}: it has to be a whole number from 0 to 8`)
  const separators = spaced ? { item: ', ', key: ': ' } : { item: ',', key: ':' }
  const name = 'json-schema'
  const automaton = automatonOf(name, () => new SchemaReader(schema, separators, depth).language(schema, '#'))
  return tokenConstraint(name, automaton)
}
