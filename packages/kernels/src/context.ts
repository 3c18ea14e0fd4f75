import type { DeviceFacts } from './device'
import type { Memory } from './memory'

/** What it takes to put a weight on the device. */
export interface WeightContext {
  readonly memory: Memory
  readonly device: DeviceFacts
}
