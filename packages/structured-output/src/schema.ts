import { OutriderError } from '@outrider/core'

/** A schema that is an object. */
export type Schema = Readonly<Record<string, unknown>>

/** What `type` names. */
export const kinds = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const
export type Kind = (typeof kinds)[number]

/** Keywords by the kind of value that they speak of. */
const keywords: Readonly<Record<'number' | 'string' | 'array' | 'object', readonly string[]>> = {
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties'],
}

/** Keywords that combine schemas or list values. */
const combining = ['type', 'const', 'enum', '$ref', 'allOf', 'anyOf', 'oneOf']

/** Keywords that allow and bar nothing. */
const silent = [
  ...['$schema', '$id', '$anchor', '$comment', '$defs', 'definitions'],
  ...['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'discriminator'],
]

const known = new Set([...Object.values(keywords).flat(), ...combining, ...silent])

/** Keywords that are known with one value, which bars nothing. */
const harmless: Readonly<Record<string, unknown>> = { uniqueItems: false, multipleOf: 1, nullable: false }

/** A schema of which every keyword is held to; true is one that allows everything, false none. Throws `INVALID_OPTION`. */
export function checkedSchema(schema: unknown, path: string): Schema | null {
  if (schema === true) return {}
  if (schema === false) return null
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw schemaFault(path, 'a schema is an object, true or false')
  if ('$id' in schema && path !== '#')
    throw schemaFault(
      path,
      'a schema with an $id of its own inside another is not supported: what its references mean changes',
    )
  for (const [keyword, value] of Object.entries(schema)) {
    if (known.has(keyword) || (keyword in harmless && harmless[keyword] === value)) continue
    if (keyword === 'multipleOf') throw schemaFault(path, 'multipleOf is not supported: list the numbers in enum')
    throw schemaFault(path, `the keyword ${keyword} is not supported, and ignoring it would let wrong values through`)
  }
  return schema as Schema
}

/** The kinds of value that a schema's `type` names, or else its keywords speak of; null: it says nothing of them. */
export function kindsOf(schema: Schema, path: string): readonly Kind[] | null {
  if (schema.type === undefined) {
    const spoken = (Object.keys(keywords) as (keyof typeof keywords)[]).filter((kind) =>
      keywords[kind].some((keyword) => schema[keyword] !== undefined),
    )
    return spoken.length > 0 ? spoken : null
  }
  const named = Array.isArray(schema.type) ? schema.type : [schema.type]
  const wrong = named.find((kind) => !kinds.includes(kind))
  if (wrong !== undefined || named.length === 0)
    throw schemaFault(path, `the type ${JSON.stringify(wrong)} is none: ${kinds.join(', ')} are`)
  return named
}

/** A keyword that counts something. Throws `INVALID_OPTION`. */
export function count(schema: Schema, keyword: string, path: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined || (Number.isInteger(value) && (value as number) >= 0)) return value as number | undefined
  throw schemaFault(path, `${keyword} has to be a whole number from 0 on`)
}

/** A keyword that holds schemas in an array. Throws `INVALID_OPTION`. */
export function several(schema: Schema, keyword: string, path: string): readonly unknown[] | undefined {
  const value = schema[keyword]
  if (value === undefined || (Array.isArray(value) && value.length > 0)) return value as readonly unknown[] | undefined
  throw schemaFault(path, `${keyword} has to be an array with something in it`)
}

/** What a schema's path is called in messages. */
export function schemaFault(path: string, why: string): OutriderError {
  return new OutriderError('INVALID_OPTION', `json-schema ${path}: ${why}`, { details: { path } })
}
