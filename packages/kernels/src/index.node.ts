import { OutriderError } from '@outrider/core'
import type { Backend } from '@outrider/core/spec'
import { WebGpuBackend } from './backend'
import { openDevice } from './device'
import type { WebGpuOptions } from './index'
import { Patience } from './patience'

export { type Tuning, type TuningCache, tuner, type WebGpuOptions } from './index'

/** Dawn is made once a process and stays referenced: its devices do not survive the collection of the object. */
const kept: { outriderGpu?: Promise<GPU> | undefined } = globalThis as typeof kept

/** Of all backends: they wait on one thread. */
const patience = new Patience()

/** What Dawn is made with. */
export const toggles: readonly string[] = [
  // Subgroup matrices and f16 on NVIDIA are behind these.
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,use_vulkan_memory_model',
  // Else Dawn rounds the device's clock to 65,536 ns, as browsers do against pages that they do not trust.
  'disable-dawn-features=timestamp_quantization',
]

/**
 * Opens a WebGPU device and gives the backend on it: `navigator.gpu` where the runtime has one, else Dawn through the
 * package `webgpu`. Throws `ADAPTER_MISSING`, `DEVICE_LACKS`.
 *
 * @example
 * ```ts
 * import { createEngine } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 *
 * const engine = await createEngine({ backend: await webgpu(), model: './models/stories-5m' })
 * ```
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<Backend> {
  const own = globalThis.navigator?.gpu
  const gpu = options.gpu ?? own ?? (await dawn())
  const open = await openDevice({ ...options, gpu })
  return new WebGpuBackend(open, gpu === own ? options : { ...options, waits: patience.waits })
}

function dawn(): Promise<GPU> {
  kept.outriderGpu ??= importDawn()
  return kept.outriderGpu
}

async function importDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu')
    return create([...toggles])
  } catch (cause) {
    kept.outriderGpu = undefined
    throw new OutriderError(
      'ADAPTER_MISSING',
      'Node has no WebGPU of its own: run `npm i webgpu`, or use referenceBackend() from @outrider/core/reference',
      { cause },
    )
  }
}
