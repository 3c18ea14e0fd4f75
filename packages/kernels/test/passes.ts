import { INDEX, MAX_TREE_ROWS, type Pass, type Tensor } from '@outrider/core/spec'
import type { Fill } from './run'

/** `tokens` and `index` tensors of a pass over a chain of `live` rows whose first position is `base`. */
export function passTensors(
  live: number,
  base = 0,
  tokens: (row: number) => number = () => 0,
): { tokens: Fill; index: Fill } {
  const index = new Uint32Array(INDEX.words)
  index[INDEX.base] = base
  index[INDEX.rows] = live
  for (let r = 0; r < MAX_TREE_ROWS; r++) index[INDEX.positions + r] = base + r
  return {
    tokens: {
      shape: [MAX_TREE_ROWS],
      dtype: 'u32',
      data: Uint32Array.from({ length: MAX_TREE_ROWS }, (_, r) => tokens(r)),
    },
    index: { shape: [INDEX.words], dtype: 'u32', data: index },
  }
}

/** The pass over rows `first` to `first + rows` of tensors named `tokens` and `index`. */
export function pass(tensor: (name: string) => Tensor, rows: number, first = 0): Pass {
  return { rows, first, tokens: tensor('tokens'), index: tensor('index') }
}
