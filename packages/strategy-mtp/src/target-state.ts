import type { FeatureArgs, Ops, Tensor } from '@outrider/core'
import type { Layout } from './layouts'

/** The target's hidden state that modules are fed: the final one, or a residual stream entering a layer. */
export type TargetState = 'final' | readonly [layer: number]

/** What a layout is fed, of a target of so many layers. */
export function targetState(fed: Layout['fed'], layers: number): TargetState {
  if (fed === 'normed') return 'final'
  return [fed === 'stream' ? layers : layers - 1]
}

/** The state of each row that is to be fed, f32 [rows, hidden]: as it is, or gathered in `out`. */
export function pickStates(ops: Ops, { states, rows, pick }: FeatureArgs, out: Tensor): Tensor {
  const [x] = states as [Tensor]
  if (!pick) return x
  ops.gatherRows({ x, ...pick, rows, out })
  return out
}
