import { referenceBackend } from '../reference'
import type { AcceptanceRule } from '../spec'
import { distributionChecks } from './acceptance-distribution'
import type { RuleSubject } from './acceptance-subject'
import { textChecks } from './acceptance-text'
import { verdictChecks } from './acceptance-verdict'
import type { MakeBackend } from './bench'
import { register, type TestFunctions } from './harness'

/** What an acceptance rule's suite is given. */
export interface AcceptanceConformance {
  /** Makes the rule. What it says as its `guarantee` decides which checks there are. */
  readonly rule: () => AcceptanceRule
  /** Makes a backend, which the kit disposes of. Default: `referenceBackend()`. */
  readonly backend?: MakeBackend
  /** Draws for each check of a distribution. Default 600. */
  readonly draws?: number
}

/**
 * Registers an acceptance rule's suite: it keeps a path of the tree and one token more, repeats with its seed and leaves nothing behind;
 * unless it is lossy it is greedy at temperature 0 and draws from the target's distribution above, tokens without mass never; a rule of
 * the same tokens gives those of plain decoding.
 *
 * @example
 * ```ts
 * import { exact } from '@outrider/core'
 * import { acceptanceConformance, type TestFunctions } from '@outrider/core/conformance'
 *
 * // With vitest or jest: acceptanceConformance({ it, expect }, { rule: () => exact })
 * export const suite = (functions: TestFunctions): void => acceptanceConformance(functions, { rule: () => exact })
 * ```
 */
export function acceptanceConformance(functions: TestFunctions, options: AcceptanceConformance): void {
  const { rule, backend = referenceBackend, draws = 600 } = options
  const subject: RuleSubject = { rule, backend, draws }
  register(functions, [...verdictChecks(subject), ...textChecks(subject), ...distributionChecks(subject)])
}
