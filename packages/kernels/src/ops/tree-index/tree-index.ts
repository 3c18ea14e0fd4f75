import type { Ops, Pass } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { LastStep } from '../last-step'
import { moves } from '../set-length/set-length'
import { treeIndexWgsl } from './tree-index.wgsl'

type TreeIndex = Parameters<Ops['treeIndex']>[0]

const indexes = new LastStep<TreeIndex>()

/** Positions and paths of a tree, in one workgroup; where the step before sets the length that they begin behind, that too. */
export function treeIndex(recorder: Recorder, made: TreeIndex): void {
  const { tree, sequence, index } = made
  const { history, length } = sequence
  const move = moves.take(recorder, (set) => set.length === length)
  const lengths = move ? [...reads(move.sequence.length), ...writes(length)] : reads(length)
  const dispatch: Dispatch = {
    label: 'treeIndex',
    wgsl: variant(treeIndexWgsl, { moves: move !== undefined }),
    params: [move?.offset ?? 0],
    buffers: [...reads(tree.shape, history), ...writes(tree.tokens, index), ...lengths],
    workgroups: [1],
  }
  if (move) recorder.dispatch(dispatch)
  else indexes.record(recorder, made, dispatch)
}

/** What the index of a pass over a tree is made of, where the last step makes it: it is taken back, whoever asks makes it. */
export function takeTreeIndex(recorder: Recorder, { first, tokens, index }: Pass): TreeIndex | undefined {
  return first === 0 ? indexes.take(recorder, (made) => made.index === index && made.tree.tokens === tokens) : undefined
}
