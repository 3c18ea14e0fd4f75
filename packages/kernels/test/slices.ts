import type { Arithmetic, Backend } from '@outrider/core/spec'
import { create } from 'webgpu'
import { WebGpuBackend } from '../src/backend'
import { openDevice } from '../src/device'

const kept: { outriderTestGpu?: GPU } = globalThis as typeof kept

/**
 * The backend of this machine with the tiles of a GPU (`parallel`) or of a general processor (`serial`), whichever it is. The
 * shaders of the former take long to compile where the tests run, so they get fewer cases.
 */
export async function openSlices(slices: 'parallel' | 'serial', arithmetic: Arithmetic = 'f32'): Promise<Backend> {
  kept.outriderTestGpu ??= create([])
  const open = await openDevice({ gpu: kept.outriderTestGpu })
  return new WebGpuBackend({ ...open, facts: { ...open.facts, software: slices === 'serial' } }, { arithmetic })
}
