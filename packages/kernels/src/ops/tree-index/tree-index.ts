import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { treeIndexWgsl } from './tree-index.wgsl'

/** Positions and paths of a tree, in one workgroup. */
export function treeIndex(recorder: Recorder, { tree, sequence, index }: Parameters<Ops['treeIndex']>[0]): void {
  recorder.dispatch({
    label: 'treeIndex',
    wgsl: treeIndexWgsl,
    buffers: [
      { buffer: tree.shape, access: 'read' },
      { buffer: sequence.history, access: 'read' },
      { buffer: sequence.length, access: 'read' },
      { buffer: tree.tokens, access: 'read_write' },
      { buffer: index, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
