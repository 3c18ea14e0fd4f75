import type { Ops } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { type FilterForm, filterLogitsWgsl } from './filter-logits.wgsl'

/** A row has one workgroup: the more lanes, the sooner it is done, but a software device pays for each. */
function lanesOf({ software, limits }: DeviceFacts): FilterForm['lanes'] {
  const most = software ? 256 : Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
  return most >= 1024 ? 1024 : most >= 512 ? 512 : 256
}

/** Top-k, top-p, min-p and typical-p, as far as they are on, in one dispatch. */
export function filterLogits(recorder: Recorder, args: Parameters<Ops['filterLogits']>[0]): void {
  const { logits, vocab, pass, sampling } = args
  recorder.dispatch({
    label: 'filterLogits',
    wgsl: variant(filterLogitsWgsl, { lanes: lanesOf(recorder.device) }),
    params: [{ u32: vocab }, { u32: pass.first }],
    buffers: [
      { buffer: sampling.params, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: logits, access: 'read_write' },
    ],
    workgroups: [pass.rows],
  })
}
