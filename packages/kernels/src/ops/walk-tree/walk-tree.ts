import type { Ops, SequenceTensors, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { LastStep } from '../last-step'
import { walkTreeWgsl } from './walk-tree.wgsl'

type Walk = Parameters<Ops['walkTree']>[0]

const walks = new LastStep<Walk>()

/** Accept-iff-equal over a tree, in one workgroup. */
export function walkTree(recorder: Recorder, walk: Walk): void {
  walks.announce(recorder, walk)
  record(recorder, walk)
}

/** Commits an outcome that the last step makes, in that step; false, and nothing is recorded, where another makes it. */
export function commitWalk(recorder: Recorder, outcome: Tensor, sequence: SequenceTensors): boolean {
  const walk = walks.take(recorder, (made) => made.outcome === outcome)
  if (walk) record(recorder, walk, sequence)
  return walk !== undefined
}

function record(recorder: Recorder, { pass, choices, outcome }: Walk, sequence?: SequenceTensors): void {
  const dispatch: Dispatch = {
    label: 'walkTree',
    wgsl: variant(walkTreeWgsl, { commits: sequence !== undefined }),
    params: [pass.rows],
    buffers: [...reads(pass.tokens, pass.index, choices), ...writes(outcome, sequence?.history, sequence?.length)],
    workgroups: [1],
  }
  recorder.later(dispatch.buffers, () => dispatch)
}
