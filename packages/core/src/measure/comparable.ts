import type { GenerateOptions, Part } from '../decode'
import type { BackendInfo, CostBudget, CostCurve, ModelConfig } from '../spec'

/** What `compare` asks of an engine. `Engine` is one. */
export interface Comparable {
  readonly backend: { readonly info: BackendInfo }
  readonly model: ModelConfig
  readonly limits: { readonly capacity: number; readonly maxRows: number }
  /** Whether a row's bits were seen not to depend on the pass it is in. */
  readonly exact: boolean
  /** Names that `strategy` may take, `plain` among them. */
  readonly strategies: readonly string[]
  /** A part a round, the last with `finish`. */
  generate(prompt: string | readonly number[], options?: GenerateOptions): AsyncIterable<Part>
  verifyCost(budget?: CostBudget): Promise<CostCurve>
}

/** Plain decoding of another engine of the same model: in another arithmetic, with another type of cache. */
export interface CompareBaseline {
  /** What the report calls it: the name of no other baseline and of none of the compared engine's strategies. */
  readonly name: string
  readonly engine: Comparable
}
