import { isDeepStrictEqual } from 'node:util'
import type { TestFunctions } from '../../src/conformance'

/** What failed of a suite: the checks' names, with what each said. */
export type Failures = ReadonlyMap<string, string>

/** Collects a suite's checks instead of running them as tests. */
export function suite(fill: (functions: TestFunctions) => void): {
  readonly names: readonly string[]
  /** Runs the checks whose names begin with one of `only`; all where none is given. */
  run(...only: readonly string[]): Promise<Failures>
} {
  const checks: { readonly name: string; readonly run: () => Promise<void> }[] = []
  fill({
    it: (name, run) => checks.push({ name, run }),
    expect: (value) => ({
      toEqual: (expected) => {
        if (!isDeepStrictEqual(value, expected)) throw new Error(JSON.stringify(value))
      },
    }),
  })
  return {
    names: checks.map(({ name }) => name),
    run: async (...only) => {
      const failed = new Map<string, string>()
      for (const { name, run } of checks) {
        if (only.length > 0 && !only.some((start) => name.startsWith(start))) continue
        await run().catch((error: unknown) => failed.set(name, String(error)))
      }
      return failed
    },
  }
}
