import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { walkTreeWgsl } from './walk-tree.wgsl'

/** Accept-iff-equal over a tree, in one workgroup. */
export function walkTree(recorder: Recorder, { pass, choices, outcome }: Parameters<Ops['walkTree']>[0]): void {
  recorder.dispatch({
    label: 'walkTree',
    wgsl: walkTreeWgsl,
    params: [{ u32: pass.rows }],
    buffers: [
      { buffer: pass.tokens, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: choices, access: 'read' },
      { buffer: outcome, access: 'read_write' },
    ],
    workgroups: [1],
  })
}
