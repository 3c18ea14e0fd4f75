import type { StrategySpec } from './strategy-spec'
import { UsageError } from './usage-error'

/** The options of a strategy expression, each read as what it must be. Throws `UsageError`. */
export class SpecOptions {
  constructor(private readonly spec: StrategySpec) {}

  /** Those of these names that are given, as numbers: ready to be spread into a factory's options. */
  numbers<Name extends string>(...names: readonly Name[]): { readonly [name in Name]?: number } {
    const given = names.flatMap((name) => {
      const value = this.spec.options.get(name)
      return value === undefined ? [] : [[name, this.#number(name, value)] as const]
    })
    return Object.fromEntries(given) as { [name in Name]?: number }
  }

  /** Children by level, with points between them: `branches=3.2.1`. */
  branches(): { readonly branches?: readonly number[] } {
    const value = this.spec.options.get('branches')
    return value === undefined ? {} : { branches: value.split('.').map((part) => this.#number('branches', part)) }
  }

  text(name: string): string | undefined {
    return this.spec.options.get(name)
  }

  #number(name: string, value: string): number {
    const number = Number(value)
    if (value !== '' && Number.isFinite(number)) return number
    throw new UsageError(`${this.spec.text}: ${name} must be a number, not "${value}"`)
  }
}
