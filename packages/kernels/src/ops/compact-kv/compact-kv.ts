import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { kvWords } from '../kv-words'
import { compactKvWgsl } from './compact-kv.wgsl'

/** Moves an accepted path into consecutive slots, one dispatch a cache. */
export function compactKv(recorder: Recorder, { outcome, cache, rows }: Parameters<Ops['compactKv']>[0]): void {
  const [layers = 0, two = 0, kvHeads = 0, slots = 0, headDim = 0] = cache.shape
  const words = kvWords(cache.dtype, headDim)
  const lanes = layers * two * kvHeads * words.count
  const groups = Math.ceil(lanes / 64)
  const across = Math.min(groups, recorder.device.limits.maxComputeWorkgroupsPerDimension)
  recorder.dispatch({
    label: 'compactKv',
    wgsl: variant(compactKvWgsl, words),
    params: [rows, slots, lanes, across * 64],
    buffers: [...reads(outcome), ...writes(cache)],
    workgroups: [across, Math.ceil(groups / across)],
  })
}
