import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { perturbChunk, perturbLogitsWgsl } from './perturb-logits.wgsl'

/** Logits over the temperature plus noise, in place. */
export function perturbLogits(recorder: Recorder, args: Parameters<Ops['perturbLogits']>[0]): void {
  const { logits, vocab, pass, sampling, stream = 0, ahead = 1, targetIds } = args
  recorder.dispatch({
    label: 'perturbLogits',
    wgsl: variant(perturbLogitsWgsl, { mapped: targetIds !== undefined }),
    params: [{ u32: vocab }, { u32: pass.first }, { u32: stream }, { u32: ahead }],
    buffers: [
      { buffer: sampling.params, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: logits, access: 'read_write' },
      ...(targetIds ? [{ buffer: targetIds, access: 'read' } as const] : []),
    ],
    workgroups: [Math.ceil(vocab / perturbChunk), pass.rows],
  })
}
