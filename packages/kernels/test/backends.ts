import type { Backend } from '@outrider/core/spec'
import { create } from 'webgpu'
import { WebGpuBackend } from '../src/backend'
import { openDevice } from '../src/device'
import type { WebGpuOptions } from '../src/index.node'
import { webgpu } from '../src/index.node'

/** Both device paths, for `describe.each`: every op has to pass on each, and with the same bits. */
export const paths: readonly { readonly path: string; readonly options: WebGpuOptions }[] = [
  { path: 'subgroups', options: {} },
  { path: 'workgroup memory', options: { subgroups: false } },
]

const kept: { outriderNullGpu?: GPU; outriderTestGpu?: GPU } = globalThis as typeof kept

/**
 * A backend on Dawn's null device: it compiles and validates like a real one (subgroups of 4 to 128 lanes, default limits) and
 * computes nothing. What SwiftShader lacks is checked on it.
 */
export async function openNull(options: Omit<WebGpuOptions, 'gpu'> = {}): Promise<Backend> {
  kept.outriderNullGpu ??= create(['backend=null'])
  return webgpu({ ...options, gpu: kept.outriderNullGpu })
}

/** A backend and the device below it, for tests that reach past the contract. */
export async function openWithDevice(): Promise<{ readonly backend: WebGpuBackend; readonly device: GPUDevice }> {
  kept.outriderTestGpu ??= create([])
  const opened = await openDevice({ gpu: kept.outriderTestGpu })
  return { backend: new WebGpuBackend(opened), device: opened.device }
}
