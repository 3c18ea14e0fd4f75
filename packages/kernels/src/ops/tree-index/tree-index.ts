import { INDEX, MAX_TREE_ROWS, type Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkElements } from '../check'
import { treeIndexWgsl } from './tree-index.wgsl'

/** Positions and paths of a tree, in one workgroup. Throws `SHAPE_MISMATCH`. */
export function treeIndex(recorder: Recorder, { tree, sequence, index }: Parameters<Ops['treeIndex']>[0]): void {
  checkElements('treeIndex', tree.tokens, 'u32', MAX_TREE_ROWS)
  checkElements('treeIndex', tree.shape, 'u32', MAX_TREE_ROWS)
  checkElements('treeIndex', sequence.history, 'u32', 1)
  checkElements('treeIndex', sequence.length, 'u32', 1)
  checkElements('treeIndex', index, 'u32', INDEX.words)
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
