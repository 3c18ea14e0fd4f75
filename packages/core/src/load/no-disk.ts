import type { Disk } from './disk'

/** `#disk` of browsers. */
export function localDisk(): Disk | undefined {
  return undefined
}
