/** What a verify pass costs by its rows, the pending token's included. */
export interface CostCurve {
  /** Rows that passes are recorded for, ascending from 1: a pass of other rows costs what the next larger one costs. */
  readonly rows: readonly number[]
  /** Milliseconds of one pass, its submission and the read of its outcome included. */
  readonly ms: readonly number[]
}
