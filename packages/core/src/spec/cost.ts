/** What a verify pass costs by its rows, the pending token's included. */
export interface CostCurve {
  /** Rows that passes are recorded for, ascending from 1: a pass of other rows costs what the next larger one costs. */
  readonly rows: readonly number[]
  /** Milliseconds of one pass, its submission and the read of its outcome included. */
  readonly ms: readonly number[]
  /** Those of `rows` that were run; what the others cost follows from them. Absent: nothing is said of it. */
  readonly measured?: readonly number[]
  /** Milliseconds that measuring took, compiling included but for that of a first pass of one row, which every generation needs. */
  readonly tookMs?: number
}

/** How long measuring may take. */
export interface CostBudget {
  /** Most milliseconds (`CostCurve.tookMs`): passes that would probably end later are not run. Default 800. */
  readonly budgetMs?: number
}
