import type { AcceptanceRule } from '../spec'
import type { MakeBackend } from './bench'

/** A rule under test. */
export interface RuleSubject {
  readonly rule: () => AcceptanceRule
  readonly backend: MakeBackend
  readonly draws: number
}
