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
  walks.record(recorder, walk, dispatchOf(walk))
}

/** Commits an outcome that the last step makes, in that step; false, and nothing is recorded, where another makes it. */
export function commitWalk(recorder: Recorder, outcome: Tensor, sequence: SequenceTensors): boolean {
  const walk = walks.take(recorder, (made) => made.outcome === outcome)
  if (walk) recorder.dispatch(dispatchOf(walk, sequence))
  return walk !== undefined
}

function dispatchOf({ pass, choices, outcome }: Walk, sequence?: SequenceTensors): Dispatch {
  return {
    label: 'walkTree',
    wgsl: variant(walkTreeWgsl, { commits: sequence !== undefined }),
    params: [pass.rows],
    buffers: [...reads(pass.tokens, pass.index, choices), ...writes(outcome, sequence?.history, sequence?.length)],
    workgroups: [1],
  }
}
