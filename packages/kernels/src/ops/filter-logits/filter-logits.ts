import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { logitsPass } from '../logits-pass'

/** Top-k, top-p, min-p and typical-p, as far as they are on, in two dispatches: over chunks, then over what is left of each row. */
export function filterLogits(recorder: Recorder, args: Parameters<Ops['filterLogits']>[0]): void {
  logitsPass(recorder, { ...args, label: 'filterLogits of chunks', filters: true })
}
