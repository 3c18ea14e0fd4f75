import { type Below, jsonArray, jsonObject } from './json-containers'
import { jsonNumber } from './json-number'
import { jsonString } from './json-string'
import { jsonText, type Separators } from './json-text'
import { both, choice, type Language, least, texts } from './language'
import { exclude } from './one-of'
import { checkedSchema, type Kind, kinds, kindsOf, type Schema, schemaFault, several } from './schema'

/** Turns schemas into the texts of values that satisfy them: not always all, never one that does not. */
export class SchemaReader {
  /** References that are being followed, with how often each is. */
  readonly #open: Map<string, number> = new Map()
  /** Values of open kind around the one that is being read. */
  #nested = 0
  readonly #anythings: Language[] = []

  constructor(
    private readonly root: unknown,
    private readonly separators: Separators,
    private readonly depth: number,
  ) {}

  /** Throws `INVALID_OPTION`. */
  language(schema: unknown, path: string): Language {
    const checked = checkedSchema(schema, path)
    if (checked === null) return choice()
    const parts = [...this.#values(checked, path), ...this.#combined(checked, path)]
    const named = kindsOf(checked, path)
    if (named) parts.push(choice(...named.map((kind) => this.#kind(kind, checked, path))))
    return parts.length > 0 ? parts.reduce((a, b) => both(a, b)) : this.#anything(path)
  }

  #values(schema: Schema, path: string): readonly Language[] {
    const listed = several(schema, 'enum', path)
    const all = [...(listed ? [listed] : []), ...(schema.const === undefined ? [] : [[schema.const]])]
    return all.map((values) => texts(...values.map((value) => jsonText(value, this.separators))))
  }

  #combined(schema: Schema, path: string): readonly Language[] {
    const branches = (keyword: string) =>
      several(schema, keyword, path)?.map((one, i) => this.language(one, `${path}/${keyword}/${i}`))
    const parts = [...(branches('allOf') ?? [])]
    const any = branches('anyOf')
    if (any) parts.push(choice(...any))
    const one = branches('oneOf')
    if (one) {
      this.#checkOneOf(schema.oneOf as readonly unknown[], path)
      parts.push(choice(...one))
    }
    if (schema.$ref !== undefined) parts.push(this.#reference(schema.$ref, path))
    return parts
  }

  #kind(kind: Kind, schema: Schema, path: string): Language {
    const below: Below = (one, where) => this.language(one, where)
    const byKind: Readonly<Record<Kind, () => Language>> = {
      null: () => texts('null'),
      boolean: () => texts('true', 'false'),
      integer: () => jsonNumber(schema, true, path),
      number: () => jsonNumber(schema, false, path),
      string: () => jsonString(schema, path),
      array: () => jsonArray(schema, path, below, this.separators),
      object: () => jsonObject(schema, path, below, this.separators),
    }
    return byKind[kind]()
  }

  /** Any value, with arrays and objects as deep as `depth` allows. */
  #anything(path: string): Language {
    const known = this.#anythings[this.#nested]
    if (known) return known
    const at = this.#nested++
    const all = kinds.filter(
      (kind) => kind !== 'integer' && !(at >= this.depth && (kind === 'array' || kind === 'object')),
    )
    const language = least(choice(...all.map((kind) => this.#kind(kind, {}, path))))
    this.#nested = at
    this.#anythings[at] = language
    return language
  }

  /** A reference that leads back to itself is followed `depth` times; beyond that it holds no text. */
  #reference(pointer: unknown, path: string): Language {
    const target = this.#target(pointer, path)
    const times = this.#open.get(target.path) ?? 0
    if (times > this.depth) return choice()
    this.#open.set(target.path, times + 1)
    const language = this.language(target.schema, target.path)
    this.#open.set(target.path, times)
    return language
  }

  #target(pointer: unknown, path: string): { readonly schema: unknown; readonly path: string } {
    const steps = typeof pointer === 'string' ? stepsOf(pointer) : null
    if (!steps) throw schemaFault(path, `the reference ${pointer} does not lead into this schema: only #/… is followed`)
    const schema = steps.reduce<unknown>(
      (at, step) => (typeof at === 'object' && at !== null ? (at as Schema)[step] : undefined),
      this.root,
    )
    if (schema === undefined) throw schemaFault(path, `there is nothing at ${pointer}`)
    return { schema, path: pointer as string }
  }

  #checkOneOf(branches: readonly unknown[], path: string): void {
    const resolve = (schema: unknown, left = 10): Schema | null => {
      const checked = checkedSchema(schema, path)
      return checked?.$ref !== undefined && left > 0
        ? resolve(this.#target(checked.$ref, path).schema, left - 1)
        : checked
    }
    const all = branches.map((branch) => resolve(branch))
    for (const [i, a] of all.entries())
      for (const b of all.slice(i + 1))
        if (a && b && !exclude(a, b, path, (schema) => resolve(schema)))
          throw schemaFault(
            path,
            'branches of oneOf may hold for the same value: tell them apart by type or by a const in a required property, or write anyOf',
          )
  }
}

/** The names that a JSON pointer in a fragment leads along (RFC 6901); null: it is none. */
function stepsOf(pointer: string): readonly string[] | null {
  if (!/^#(\/|$)/.test(pointer)) return null
  try {
    const steps = decodeURIComponent(pointer).split('/').slice(1)
    return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  } catch {
    return null
  }
}
