import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { logitsPass } from '../logits-pass'

/** The token of each row, the best of its chunks in a second dispatch where it has several: logits are read once, filtered or not. */
export function sample(recorder: Recorder, args: Parameters<Ops['sample']>[0]): void {
  logitsPass(recorder, { ...args, label: 'sample', noised: args })
}
