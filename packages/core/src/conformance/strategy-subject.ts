import type { AcceptanceRule, Strategy } from '../spec'
import type { MakeBackend } from './bench'

/** A strategy under test, with what its suite takes for granted. */
export interface StrategySubject {
  /** A new one each time. */
  readonly strategy: () => Strategy
  readonly backend: MakeBackend
  readonly expectsDrafts: boolean
  readonly draftsDependOn: 'tokens' | 'session' | 'engine'
  readonly rules: readonly AcceptanceRule[]
  readonly draws: number
}
