import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../recorder'

/** The ops of this backend, each recording its dispatches. */
export function recordOps(recorder: Recorder): Ops {
  return {} as Ops
}
