import { OutriderError } from '../errors'

/** Typed reads of a parsed configuration whose values nobody has checked. null counts as absent. */
export class Fields {
  constructor(
    readonly values: Readonly<Record<string, unknown>>,
    /** For messages: `config.json`. */
    readonly file: string,
  ) {}

  /** A number. Throws `FILE_MALFORMED` where it is neither a finite number nor replaced by `otherwise`. */
  number(name: string, otherwise?: number): number {
    const value = this.values[name] ?? otherwise
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.malformed(name, 'a number')
  }

  /** A positive integer. Throws `FILE_MALFORMED`. */
  count(name: string, otherwise?: number): number {
    const value = this.number(name, otherwise)
    if (Number.isSafeInteger(value) && value > 0) return value
    throw this.malformed(name, 'a positive integer')
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.values[name] ?? otherwise
    if (typeof value === 'boolean') return value
    throw this.malformed(name, 'true or false')
  }

  text(name: string): string | undefined {
    const value = this.values[name] ?? undefined
    if (value === undefined || typeof value === 'string') return value
    throw this.malformed(name, 'a text')
  }

  /** One token id or several, as a list; empty where absent. */
  ids(name: string): readonly number[] {
    const value = this.values[name] ?? []
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (list.every((id) => Number.isSafeInteger(id))) return list as readonly number[]
    throw this.malformed(name, 'a token id or a list of them')
  }

  record(name: string): Fields | undefined {
    const value = this.values[name] ?? undefined
    if (value === undefined) return undefined
    if (typeof value === 'object' && !Array.isArray(value))
      return new Fields(value as Record<string, unknown>, `${this.file} ${name}`)
    throw this.malformed(name, 'an object')
  }

  has(name: string): boolean {
    return (this.values[name] ?? undefined) !== undefined
  }

  malformed(name: string, expected: string): OutriderError {
    return new OutriderError(
      'FILE_MALFORMED',
      `${this.file}: ${name} must be ${expected}, but is ${JSON.stringify(this.values[name])}.`,
      { details: { file: this.file, name, found: this.values[name] } },
    )
  }

  unsupported(what: string): OutriderError {
    return new OutriderError('UNSUPPORTED_CONFIG', `${this.file}: ${what}.`, { details: { file: this.file } })
  }
}
