import type { AcceptanceRule, Strategy } from '../spec'
import { type Bench, type BenchOptions, type MakeBackend, onBench } from './bench'
import type { OwnFiles } from './tiny-host'

/** A strategy under test, with what its suite takes for granted. */
export interface StrategySubject {
  /** A new one each time. */
  readonly strategy: () => Strategy
  readonly backend: MakeBackend
  readonly files: OwnFiles
  readonly expectsDrafts: boolean
  readonly draftsDependOn: 'tokens' | 'session' | 'engine'
  readonly rules: readonly AcceptanceRule[]
  readonly draws: number
}

/** A bench whose engine has the strategy under test. */
export interface StrategyBench extends Bench {
  /** The strategy's name. */
  readonly strategy: string
}

/** Sets a bench up with a new strategy, uses it and takes it down. */
export function onStrategyBench<T>(
  { backend, strategy, files }: StrategySubject,
  use: (bench: StrategyBench) => Promise<T>,
  options: Omit<BenchOptions, 'strategies' | 'files'> = {},
): Promise<T> {
  const made = strategy()
  return onBench(backend, { ...options, strategies: [made], files }, (bench) => use({ ...bench, strategy: made.name }))
}
