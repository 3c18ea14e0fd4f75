import type { Layout } from '../../weights/layout'
import type { JoinedForm } from './joined-rows.wgsl'
import type { Tile } from './tile'

/** What the text of a product depends on, but for its epilogue. */
export interface ProductKernel {
  readonly decoder: Layout['decoder']
  readonly tile: Tile
  /** What is bound where x is normalised: the gain, or, where x is times the gain already, x as it was, for its squares. */
  readonly norm: 'gain' | 'unscaled' | null
  /** Whether the inputs end inside a unit. */
  readonly ragged: boolean
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  /** What each workgroup puts its rows of x together from, where they are not bound. */
  readonly joined?: JoinedForm
}
