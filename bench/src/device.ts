import type { Backend } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'

/** Which backend to measure. */
export interface DeviceSettings {
  readonly backend: 'webgpu' | 'reference'
}

/** A backend of its own, so that its peak of memory is that of one measurement. */
export async function openBackend({ backend }: DeviceSettings): Promise<Backend> {
  return backend === 'reference' ? referenceBackend() : webgpu()
}
