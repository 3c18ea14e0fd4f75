import type { Arithmetic, Backend } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { type Tuning, tuner, webgpu } from '@outrider/kernels'

/** Which backend to measure. */
export interface DeviceSettings {
  readonly backend: 'webgpu' | 'reference'
  /** null for the device's default. */
  readonly arithmetic: string | null
  /** Whether tiles are measured as weights are loaded. */
  readonly tune: boolean
}

/**
 * A backend of its own, so that its peak of memory is that of one measurement. `tuning`: who measures tiles, in place of a tuner. Throws
 * where the arithmetic is not to be had.
 */
export async function openBackend(
  { backend, arithmetic, tune }: DeviceSettings,
  tuning: Tuning | null = tune ? tuner() : null,
): Promise<Backend> {
  const options = arithmetic === null ? {} : { arithmetic: arithmetic as Arithmetic }
  const chosen = arithmetic === null || arithmetic === 'fastest'
  const open =
    backend === 'reference'
      ? referenceBackend(chosen ? {} : options)
      : await webgpu({ ...options, ...(tuning && { tune: tuning }) })
  if (chosen || open.info.arithmetic === arithmetic) return open
  open.dispose()
  throw new Error(`--arithmetic ${arithmetic}: this backend computes in ${open.info.arithmetic}`)
}
