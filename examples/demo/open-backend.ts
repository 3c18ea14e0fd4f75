import { type Backend, OutriderError } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import type { DemoOptions } from './options'

/** A backend, and which one it is and why, in words. */
export interface OpenBackend {
  readonly backend: Backend
  readonly about: string
}

/** Opens the backend that was asked for, else WebGPU, else the reference. Throws `ADAPTER_MISSING`, `DEVICE_LACKS`. */
export async function openBackend(wanted: DemoOptions['backend']): Promise<OpenBackend> {
  if (wanted === 'reference') return reference('as asked for')
  try {
    const backend = await webgpu()
    return { backend, about: describe(backend.info) }
  } catch (error) {
    const missing = OutriderError.is(error, 'ADAPTER_MISSING') || OutriderError.is(error, 'DEVICE_LACKS')
    if (wanted === 'webgpu' || !missing) throw error
    return reference(error.message)
  }
}

function reference(why: string): OpenBackend {
  return { backend: referenceBackend(), about: `The reference backend, plain loops: right, not fast (${why})` }
}

function describe({ device, software }: Backend['info']): string {
  if (!software) return `WebGPU on ${device} (a hardware adapter)`
  const name = /swiftshader/i.test(device) ? 'SwiftShader' : device
  return `WebGPU through ${name} on the CPU: right, not fast (no hardware adapter here)`
}
