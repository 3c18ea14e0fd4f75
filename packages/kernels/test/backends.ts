import type { Backend } from '@outrider/core/spec'
import { create } from 'webgpu'
import { type BackendOptions, WebGpuBackend } from '../src/backend'
import { type DeviceFacts, openDevice } from '../src/device'
import { toggles, type WebGpuOptions, webgpu } from '../src/index.node'
import { halfMatrix, hasMatrix } from '../src/matrices'
import { type Access, Pipelines } from '../src/pipelines'
import { emulateMatrices } from './emulated-matrices'

/** Both device paths, for `describe.each`: every op has to pass on each, and with the same bits. */
export const paths: readonly { readonly path: string; readonly options: WebGpuOptions }[] = [
  { path: 'subgroups', options: {} },
  { path: 'workgroup memory', options: { subgroups: false } },
]

// Dawn's objects stay referenced as long as the process lives.
const kept: { outriderNullGpu?: GPU; outriderTestGpu?: GPU } = globalThis as typeof kept

/** Dawn's null device, with the features that are behind its switch. */
export function nullGpu(): GPU {
  kept.outriderNullGpu ??= create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
  return kept.outriderNullGpu
}

/**
 * A backend on Dawn's null device: it compiles and validates like a real one (subgroups of 4 to 128 lanes, default limits) and
 * computes nothing. What SwiftShader lacks is checked on it.
 */
export async function openNull(options: Omit<WebGpuOptions, 'gpu'> = {}): Promise<Backend> {
  return webgpu({ ...options, gpu: nullGpu() })
}

/**
 * The null device taken for one that multiplies matrices: it has the feature, so that it compiles the kernels of `f16`, and
 * lists no sizes.
 */
export async function openNullMatrices(): Promise<{
  readonly backend: Backend
  readonly device: GPUDevice
  readonly facts: DeviceFacts
}> {
  const opened = await openDevice({ gpu: nullGpu(), subgroups: true })
  const options: BackendOptions = { arithmetic: 'f16' }
  const facts = { ...opened.facts, matrices: [halfMatrix] }
  return { backend: new WebGpuBackend({ ...opened, facts }, options), device: opened.device, facts }
}

/** A backend with the arithmetic f16: on a device without subgroup matrices they are emulated. */
export async function openMatrices(): Promise<WebGpuBackend> {
  kept.outriderTestGpu ??= create([...toggles])
  const opened = await openDevice({ gpu: kept.outriderTestGpu })
  const options: BackendOptions = { arithmetic: 'f16' }
  if (hasMatrix(opened.facts.matrices, halfMatrix)) return new WebGpuBackend(opened, options)
  emulateMatrices(opened.device)
  // Few lanes: a general processor computes them one after the other.
  const { maxComputeWorkgroupsPerDimension, maxStorageBuffersPerShaderStage } = opened.facts.limits
  const limits = {
    maxComputeWorkgroupsPerDimension,
    maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize: 16_384,
    maxComputeInvocationsPerWorkgroup: 64,
  } as GPUSupportedLimits
  return new WebGpuBackend({ ...opened, facts: { ...opened.facts, matrices: [halfMatrix], limits } }, options)
}

/** Compiles a shader that no op would choose on the null device as it is. Throws `KERNEL_INVALID`. */
export async function compileOnNull(wgsl: string, uniform: boolean, access: readonly Access[]): Promise<void> {
  const { device, facts } = await openDevice({ gpu: nullGpu(), subgroups: true })
  await new Pipelines(device, facts).get('variant', wgsl, uniform, access).ready
  device.destroy()
}

/** A backend and the device below it, for tests that reach past the contract; `facts` replace what was found. */
export async function openWithDevice(
  facts: Partial<DeviceFacts> = {},
  options: BackendOptions = {},
): Promise<{ readonly backend: WebGpuBackend; readonly device: GPUDevice; readonly facts: DeviceFacts }> {
  kept.outriderTestGpu ??= create([])
  const found = await openDevice({ gpu: kept.outriderTestGpu })
  const opened = { ...found, facts: { ...found.facts, ...facts } }
  return { backend: new WebGpuBackend(opened, options), device: opened.device, facts: opened.facts }
}
