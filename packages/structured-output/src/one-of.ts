import { type Kind, kindsOf, type Schema } from './schema'

/** Whether no value satisfies both schemas, as far as types, listed values and the properties that both need tell. */
export function exclude(a: Schema, b: Schema, path: string, resolve: (schema: unknown) => Schema | null): boolean {
  const [first, second] = [kinds(a, path), kinds(b, path)]
  if (first && second && ![...first].some((kind) => second.has(kind))) return true
  const [left, right] = [listedValues(a), listedValues(b)]
  if (left && right) return !left.some((value) => right.includes(value))
  if (![first, second].every((all) => all?.size === 1 && all.has('object'))) return false
  const property = (schema: Schema, name: string) =>
    resolve((schema.properties as Readonly<Record<string, unknown>> | undefined)?.[name] ?? true)
  const needed = (schema: Schema) => (Array.isArray(schema.required) ? (schema.required as readonly string[]) : [])
  return needed(a)
    .filter((name) => needed(b).includes(name))
    .some((name) => {
      const [one, other] = [property(a, name), property(b, name)]
      return one === null || other === null || exclude(one, other, path, resolve)
    })
}

/** Kinds of the values that a schema allows; integers count as numbers. null: it may be any. */
function kinds(schema: Schema, path: string): ReadonlySet<Kind> | null {
  const values = valuesOf(schema)
  const named = schema.type === undefined ? values?.map(kindOf) : kindsOf(schema, path)
  return named ? new Set(named.map((kind) => (kind === 'integer' ? 'number' : kind))) : null
}

/** Listed values, where none is an array or object: those may be equal in another order. */
function listedValues(schema: Schema): readonly unknown[] | null {
  const values = valuesOf(schema)
  return values?.every((value) => typeof value !== 'object' || value === null) ? values : null
}

function valuesOf(schema: Schema): readonly unknown[] | null {
  if (schema.const !== undefined) return [schema.const]
  return Array.isArray(schema.enum) ? schema.enum : null
}

function kindOf(value: unknown): Kind {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as Kind)
}
