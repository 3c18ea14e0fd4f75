import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { treeIndexWgsl } from './tree-index.wgsl'

/** Positions and paths of a tree, in one workgroup. */
export function treeIndex(recorder: Recorder, { tree, sequence, index }: Parameters<Ops['treeIndex']>[0]): void {
  recorder.dispatch({
    label: 'treeIndex',
    wgsl: treeIndexWgsl,
    buffers: [...reads(tree.shape, sequence.history, sequence.length), ...writes(tree.tokens, index)],
    workgroups: [1],
  })
}
