import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { walkTreeWgsl } from './walk-tree.wgsl'

/** Accept-iff-equal over a tree, in one workgroup. */
export function walkTree(recorder: Recorder, { pass, choices, outcome }: Parameters<Ops['walkTree']>[0]): void {
  recorder.dispatch({
    label: 'walkTree',
    wgsl: walkTreeWgsl,
    params: [pass.rows],
    buffers: [...reads(pass.tokens, pass.index, choices), ...writes(outcome)],
    workgroups: [1],
  })
}
