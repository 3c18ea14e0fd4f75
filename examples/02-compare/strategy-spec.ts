import { UsageError } from './usage-error'

/** A strategy as the command line writes it: `lookup`, `eagle3:nodes=15;depth=5`, `firstOf(lookup,eagle3)`. */
export interface StrategySpec {
  readonly name: string
  /** What stands in parentheses: the parts of a composition. */
  readonly parts: readonly StrategySpec[]
  /** What stands after the colon. */
  readonly options: ReadonlyMap<string, string>
  /** The whole expression without spaces: the strategy's name in the engine. */
  readonly text: string
}

/**
 * list = strategy {"," strategy}; strategy = word ["(" list ")"] [":" option {";" option}]; option = word "=" value.
 * Throws `UsageError`.
 */
export function parseStrategies(text: string): readonly StrategySpec[] {
  const reader = new Reader(text)
  const list = reader.list()
  reader.end()
  return list
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.replace(/\s+/g, '')
  }

  list(): StrategySpec[] {
    const list = [this.#strategy()]
    while (this.#take(',')) list.push(this.#strategy())
    return list
  }

  end(): void {
    if (this.#at < this.#text.length) this.#fail('"," or the end')
  }

  #strategy(): StrategySpec {
    const start = this.#at
    const name = this.#match(/[A-Za-z][\w-]*/y, 'the name of a strategy')
    const parts = this.#take('(') ? this.list() : []
    if (parts.length > 0 && !this.#take(')')) this.#fail('"," or ")"')
    const options = new Map<string, string>()
    if (this.#take(':')) {
      do {
        const key = this.#match(/[A-Za-z]\w*/y, 'the name of an option')
        if (!this.#take('=')) this.#fail(`"=" and a value for ${key}`)
        if (options.has(key)) throw new UsageError(`in "${this.#text}": ${name} has ${key} twice`)
        options.set(key, this.#match(/[^,;:()=]+/y, `a value for ${key}`))
      } while (this.#take(';'))
    }
    return { name, parts, options, text: this.#text.slice(start, this.#at) }
  }

  #take(character: string): boolean {
    const there = this.#text[this.#at] === character
    if (there) this.#at++
    return there
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? this.#fail(what)
    this.#at += found.length
    return found
  }

  #fail(expected: string): never {
    const before = this.#text.slice(0, this.#at)
    const found = this.#text[this.#at]
    throw new UsageError(
      `in "${this.#text}": expected ${expected} ${before ? `after "${before}"` : 'at the beginning'}, ` +
        `found ${found ? `"${found}"` : 'the end'}`,
    )
  }
}
