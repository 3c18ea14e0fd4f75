/**
 * The caller's test functions, in the least form that vitest, jest and, through an adapter, node:test have: `it` takes a name and a
 * function, `expect(value).toEqual(other)` throws where the two differ.
 */
export interface TestFunctions {
  it(name: string, run: () => Promise<void>): void
  expect(value: unknown): { toEqual(expected: unknown): void }
}

/** One property of a contract. */
export interface Check {
  /** What holds, as the name of a test. */
  readonly name: string
  /** What is wrong, each with what the contract asks for; none: the property holds. */
  faults(): Promise<readonly string[]>
}

/** Registers checks as tests. An error that a check did not expect is a fault of its own. */
export function register({ it, expect }: TestFunctions, checks: readonly Check[]): void {
  for (const { name, faults } of checks) it(name, async () => expect(distinct(await faults())).toEqual([]))
}

/** Each fault once: what is wrong in every round is said once. */
function distinct(faults: readonly string[]): readonly string[] {
  return [...new Set(faults)]
}
