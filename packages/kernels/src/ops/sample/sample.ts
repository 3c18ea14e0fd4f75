import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { bestRecord } from '../argmax/argmax'
import { sampleWgsl } from './sample.wgsl'

/** Logits of a row that one workgroup looks through. */
const chunk = 4096

/** Lanes of a workgroup, four tokens each at a time: no more than a small vocabulary has use for. */
function lanesFor(vocab: number): number {
  return vocab > 64 ? 256 : 4
}

/** The token of each row, the best of its chunks in a second dispatch where it has several: logits are read once. */
export function sample(recorder: Recorder, args: Parameters<Ops['sample']>[0]): void {
  const { logits, vocab, pass, sampling, out, at = 0, stream = 0, ahead = 1, targetIds } = args
  const chunks = Math.ceil(vocab / chunk)
  const single = chunks === 1
  const target = single ? out : recorder.scratch([pass.rows, chunks, 2], 'u32', 'sample of chunks')
  recorder.dispatch({
    label: 'sample',
    wgsl: variant(sampleWgsl, { last: single, mapped: targetIds !== undefined, lanes: lanesFor(vocab) }),
    params: [{ u32: vocab }, { u32: chunk }, { u32: pass.first }, { u32: at }, { u32: stream }, { u32: ahead }],
    buffers: [
      { buffer: sampling.params, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: logits, access: 'read' },
      { buffer: target, access: 'read_write' },
      ...(targetIds ? [{ buffer: targetIds, access: 'read' } as const] : []),
    ],
    workgroups: [chunks, pass.rows],
  })
  if (single) return
  bestRecord(recorder, 'sample of chunks', { records: target, count: chunks, rows: pass.rows, out, at })
}
