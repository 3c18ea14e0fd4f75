import type { Backend, Owned, Pass } from '@outrider/core'
import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'

/** Passes over a chain of `rows` rows behind `context` committed positions, with an index of its own. */
export function chainPass(backend: Backend, owned: Owned, rows: number, context: number): Pass {
  const words = (count: number, label: string) => owned.add(backend.tensor([count], 'u32', label))
  const pass = { rows, first: 0, tokens: words(MAX_TREE_ROWS, 'tokens'), index: words(INDEX.words, 'index') }
  const index = new Uint32Array(INDEX.words)
  index[INDEX.base] = context
  index[INDEX.rows] = rows
  for (let row = 0; row < rows; row++) {
    index[INDEX.positions + row] = context + row
    for (let depth = 0; depth <= row; depth++) index[INDEX.paths + row * MAX_PATH + depth] = depth
  }
  backend.write(pass.index, index)
  backend.write(
    pass.tokens,
    Uint32Array.from({ length: MAX_TREE_ROWS }, (_, row) => row),
  )
  return pass
}
