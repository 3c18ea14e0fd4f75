import { jsonCharacters, listed, quoted, type Separators } from './json-text'
import { choice, type Language, repeated, sequence, texts } from './language'
import { count, type Schema, schemaFault, several } from './schema'

/** The language of a schema that stands below another. */
export type Below = (schema: unknown, path: string) => Language

/** Arrays with `prefixItems`, `items`, `minItems` and `maxItems`. Throws `INVALID_OPTION`. */
export function jsonArray(schema: Schema, path: string, below: Below, { item }: Separators): Language {
  const min = count(schema, 'minItems', path) ?? 0
  const max = count(schema, 'maxItems', path) ?? Number.POSITIVE_INFINITY
  if (Array.isArray(schema.items)) throw schemaFault(path, 'items in an array are written prefixItems')
  const first = (several(schema, 'prefixItems', path) ?? []).map((one, i) => below(one, `${path}/prefixItems/${i}`))
  // Without `items` none beyond the first ones are written unless so many have to be.
  const closed = first.length > 0 && schema.items === undefined && min <= first.length
  const rest = closed ? choice() : below(schema.items ?? true, `${path}/items`)
  const inside =
    first.length === 0 ? listed(rest, min, max, item) : tuple(first, rest, { min, max, separator: texts(item) })
  return min > max ? choice() : sequence(texts('['), inside, texts(']'))
}

/** Items of which the first have languages of their own. */
function tuple(
  first: readonly Language[],
  rest: Language,
  { min, max, separator }: { readonly min: number; readonly max: number; readonly separator: Language },
): Language {
  const left = max - first.length
  let tail = left > 0 ? repeated(sequence(separator, rest), Math.max(0, min - first.length), left) : texts('')
  for (const [i, one] of [...first.entries()].reverse()) {
    const on = sequence(...(i === 0 ? [] : [separator]), one, tail)
    if (i >= max) tail = texts('')
    else tail = i < min ? on : choice(texts(''), on)
  }
  return tail
}

/** Objects with `properties` in their order, `required` and `additionalProperties`. Throws `INVALID_OPTION`. */
export function jsonObject(schema: Schema, path: string, below: Below, { item, key }: Separators): Language {
  const { properties = {}, required = [], additionalProperties = true } = schema
  if (typeof properties !== 'object' || properties === null) throw schemaFault(path, 'properties has to be an object')
  if (!Array.isArray(required) || required.some((name) => typeof name !== 'string'))
    throw schemaFault(path, 'required has to be an array of names')
  const needed = new Set<string>(required)
  const named = new Map(
    Object.entries(properties).map(([name, one]) => [name, below(one, `${path}/properties/${name}`)]),
  )
  for (const name of needed)
    if (!named.has(name)) named.set(name, below(additionalProperties, `${path}/additionalProperties`))
  if (named.size > 0) return sequence(texts('{'), members(named, needed, item, key), texts('}'))
  const value = below(additionalProperties, `${path}/additionalProperties`)
  const member = sequence(quoted(jsonCharacters(0, Number.POSITIVE_INFINITY)), texts(key), value)
  return sequence(texts('{'), listed(member, 0, Number.POSITIVE_INFINITY, item), texts('}'))
}

/** Properties in order; those that are not needed may be left out. */
function members(
  named: ReadonlyMap<string, Language>,
  needed: ReadonlySet<string>,
  item: string,
  key: string,
): Language {
  /** What may follow once a property was written, and where none was. */
  let after = texts('')
  let first = texts('')
  for (const [name, value] of [...named].reverse()) {
    const member = sequence(texts(JSON.stringify(name) + key), value)
    const begun = sequence(member, after)
    const next = sequence(texts(item), begun)
    first = needed.has(name) ? begun : choice(begun, first)
    after = needed.has(name) ? next : choice(next, after)
  }
  return first
}
