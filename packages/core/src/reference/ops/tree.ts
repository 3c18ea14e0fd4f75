import type { Pass, SequenceTensors, TreeTensors } from '../../spec'
import { INDEX, MAX_PATH, MAX_TREE_ROWS, OUTCOME } from '../../spec'
import { host } from '../memory'

/** Positions and paths of a tree below the pending token. */
export function indexTree(tree: TreeTensors, sequence: SequenceTensors, target: Pass['index']): void {
  const tokens = host(tree.tokens).words
  const shape = host(tree.shape).words
  const index = host(target).words
  const base = host(sequence.length).words[0] as number
  // The pending token is always there, whatever a draft's programs wrote.
  const rows = Math.max(1, Math.min(shape[0] as number, MAX_TREE_ROWS))
  tokens[0] = host(sequence.history).words[base] as number
  index[INDEX.base] = base
  index[INDEX.rows] = rows
  for (let r = 0; r < rows; r++) {
    const path: number[] = []
    for (let at = r; path.length < MAX_PATH; at = shape[at] as number) {
      path.unshift(at)
      if (at === 0) break
    }
    index[INDEX.positions + r] = base + path.length - 1
    index.set(path, INDEX.paths + r * MAX_PATH)
  }
}

/** Committed positions `from` to `to` (excluded) as a chain of at most `limit` rows. */
export function indexSpan(args: {
  readonly sequence: SequenceTensors
  readonly from: number
  readonly to: number
  readonly limit: number
  readonly tokenOffset: number
  readonly tokens: Pass['tokens']
  readonly index: Pass['index']
}): void {
  const history = host(args.sequence.history).words
  const tokens = host(args.tokens).words
  const index = host(args.index).words
  const rows = Math.max(0, Math.min(args.limit, args.to - args.from))
  index[INDEX.base] = args.from
  index[INDEX.rows] = rows
  for (let r = 0; r < rows; r++) {
    tokens[r] = history[args.from + r + args.tokenOffset] as number
    index[INDEX.positions + r] = args.from + r
    for (let d = 0; d <= r; d++) index[INDEX.paths + r * MAX_PATH + d] = d
  }
}

/** Accept-iff-equal: the deepest row each of whose ancestors was chosen by the row before it. */
export function walk(pass: Pass, choices: Uint32Array, outcome: Uint32Array): void {
  const index = host(pass.index).words
  const tokens = host(pass.tokens).words
  const base = index[INDEX.base] as number
  const rows = Math.min(index[INDEX.rows] as number, pass.rows)
  const depth = (row: number): number => (index[INDEX.positions + row] as number) - base
  const ancestor = (row: number, level: number): number => index[INDEX.paths + row * MAX_PATH + level] as number
  const accepted = (row: number): boolean => {
    for (let d = 1; d <= depth(row); d++) if (tokens[ancestor(row, d)] !== choices[ancestor(row, d - 1)]) return false
    return true
  }
  let last = 0
  for (let r = 1; r < rows; r++) if (accepted(r) && depth(r) > depth(last)) last = r
  outcome[OUTCOME.accepted] = depth(last)
  outcome[OUTCOME.length] = base
  outcome[OUTCOME.rows] = rows
  for (let d = 0; d <= depth(last); d++) {
    outcome[OUTCOME.path + d] = ancestor(last, d)
    if (d > 0) outcome[OUTCOME.tokens + d - 1] = tokens[ancestor(last, d)] as number
  }
  outcome[OUTCOME.tokens + depth(last)] = choices[last] as number
}

/** Appends an outcome's tokens to the history and moves the length. */
export function commit(outcome: Uint32Array, sequence: SequenceTensors): void {
  const before = outcome[OUTCOME.length] as number
  const accepted = outcome[OUTCOME.accepted] as number
  const history = host(sequence.history).words
  for (let i = 0; i <= accepted; i++) history[before + 1 + i] = outcome[OUTCOME.tokens + i] as number
  host(sequence.length).words[0] = before + accepted + 1
}

/** Rows of the accepted path that are below `limit`, in order of depth. */
export function acceptedRows(outcome: Uint32Array, limit: number): readonly number[] {
  const path = outcome.subarray(OUTCOME.path + 1, OUTCOME.path + 1 + (outcome[OUTCOME.accepted] as number))
  return Array.from(path).filter((row) => row < limit)
}

/** Copies the accepted path's entries of a cache [layers, 2, kvHeads, slots, headDim], where it has them, into consecutive slots, ascending. */
export function compact(outcome: Uint32Array, cache: Pass['index'], limit: number): void {
  const [layers, two, kvHeads, slots, headDim] = cache.shape as [number, number, number, number, number]
  const data = host(cache).floats
  const base = outcome[OUTCOME.length] as number
  const rows = acceptedRows(outcome, Math.min(limit, slots - base))
  for (let lane = 0; lane < layers * two * kvHeads; lane++) {
    const at = lane * slots * headDim
    rows.forEach((row, j) => {
      data.copyWithin(at + (base + 1 + j) * headDim, at + (base + row) * headDim, at + (base + row + 1) * headDim)
    })
  }
}
