import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { logitsPass } from '../logits-pass'

/** Logits over the temperature plus noise, in place. */
export function perturbLogits(recorder: Recorder, args: Parameters<Ops['perturbLogits']>[0]): void {
  logitsPass(recorder, { ...args, label: 'perturbLogits', noised: args })
}
