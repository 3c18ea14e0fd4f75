import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { logitsPass } from '../logits-pass'

/** Penalties, bias, mask and temperature: in one dispatch with filters or a draw that come right after. */
export function adjustLogits(recorder: Recorder, args: Parameters<Ops['adjustLogits']>[0]): void {
  logitsPass(recorder, { ...args, label: 'adjustLogits', adjusts: args })
}
