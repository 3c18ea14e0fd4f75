import { OutriderError } from '@outrider/core'
import type { Arithmetic, Backend } from '@outrider/core/spec'
import { WebGpuBackend } from './backend'
import { openDevice } from './device'
import type { Tuning } from './tune/tuner'

export { type Tuning, tuner } from './tune/tuner'
export type { TuningCache } from './tune/tuning-cache'

/** Which device to compute on. */
export interface WebGpuOptions {
  /** Default: `navigator.gpu`; in Node without one, Dawn from the optional peer package `webgpu`. */
  readonly gpu?: GPU
  /** Default: `high-performance`. */
  readonly powerPreference?: GPUPowerPreference
  /**
   * Whether reductions use subgroups. Default: where the device has them and a probe finds their lanes in order. `false`
   * never, `true` without the probe. The results are the same, bit for bit.
   */
  readonly subgroups?: boolean
  /** Element type of KV caches. Default `f16`; `f32` takes twice the memory and keeps hidden states as exact as the weights. */
  readonly cacheType?: 'f16' | 'f32'
  /**
   * How products are computed. Default `f32`; `i8` needs the WGSL language feature `packed_4x8_integer_dot_product`, `f16`
   * subgroup matrices of halves (an NVIDIA GPU through Dawn in Node, so far).
   * `fastest` takes the one that verifies drafts fastest on this class of device: `i8` on a GPU that has it, else `f32`, which
   * decodes about as fast without drafts; tokens of one arithmetic may differ from another's.
   */
  readonly arithmetic?: Arithmetic | 'fastest'
  /** A `tuner()`, to measure which way of cutting products suits this device. Absent: rules that were measured on an H100. */
  readonly tune?: Tuning
}

/**
 * Opens a WebGPU device and gives the backend on it. Throws `ADAPTER_MISSING`, `DEVICE_LACKS`.
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
  const gpu = options.gpu ?? globalThis.navigator?.gpu
  if (!gpu)
    throw new OutriderError(
      'ADAPTER_MISSING',
      'this runtime has no WebGPU: use a browser with navigator.gpu on a secure page, or referenceBackend() from @outrider/core/reference',
    )
  return new WebGpuBackend(await openDevice({ ...options, gpu }), options)
}
