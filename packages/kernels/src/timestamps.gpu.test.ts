import type { Backend, Program } from '@outrider/core/spec'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { create } from 'webgpu'
import { openWithDevice } from '../test/backends'
import { webgpu } from './index.node'

const gpu = create([])

/** The adapter of this machine as one that has no clock. */
const clockless = {
  requestAdapter: async (options: GPURequestAdapterOptions) => {
    const adapter = await gpu.requestAdapter(options)
    return (
      adapter && {
        features: new Set([...adapter.features].filter((name) => name !== 'timestamp-query')),
        limits: adapter.limits,
        info: adapter.info,
        requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
      }
    )
  },
} as unknown as GPU

/** Adds 1 to x[0] `times` times. */
function counting(backend: Backend, times: number): { readonly program: Program; count(): Promise<number> } {
  const x = backend.tensor([1], 'u32', 'x')
  const program = backend.program('count', (ops) =>
    ops.kernel({
      label: `count ${times}`,
      wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(1)
fn main() { for (var i = 0u; i < ${times}u; i++) { x[0] = x[0] + 1u; } }`,
      tensors: [{ tensor: x, access: 'read_write' }],
      workgroups: [1],
      reference: () => {},
    }),
  )
  return {
    program,
    count: async () => {
      const [bytes] = await backend.submit([], [x])
      return new Uint32Array(bytes as ArrayBuffer)[0] as number
    },
  }
}

describe('a device with a clock', () => {
  let backend: Backend
  let device: GPUDevice
  beforeEach(async () => {
    ;({ backend, device } = await openWithDevice())
  })
  afterEach(() => backend.dispose())

  test('is one here', () => {
    expect(backend.info.features).toContain('timestamp-query')
  })

  test('gives one number a program, which follows its work and fits in the time that the host waits', async () => {
    const [short, long] = [counting(backend, 10), counting(backend, 2_000_000)]
    await backend.submit([short.program, long.program], [])
    // The least of several times: a device that is shared may do something else in between.
    let least: readonly number[] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let i = 0; i < 5; i++) {
      const timings: number[] = []
      const started = performance.now()
      await backend.submit([short.program, long.program, short.program], [], timings)
      const waited = performance.now() - started
      expect(timings).toHaveLength(3)
      for (const ms of timings) expect(ms).toBeGreaterThanOrEqual(0)
      expect(timings.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(1.2 * waited + 1)
      least = least.map((ms, at) => Math.min(ms, timings[at] as number))
    }
    const [before, ms, after] = least as [number, number, number]
    expect(ms).toBeGreaterThan(0)
    expect(ms).toBeGreaterThan(2 * Math.max(before, after))
  })

  test('reads once, with what is read besides, and submits once', async () => {
    const { program, count } = counting(backend, 3)
    const x = backend.tensor([5], 'f16', 'odd bytes')
    backend.write(x, Uint16Array.of(1, 2, 3, 4, 5))
    const timings: number[] = []
    const results = await backend.submit([program, program], [x], timings)
    expect(results.map((bytes) => [...new Uint16Array(bytes)])).toEqual([[1, 2, 3, 4, 5]])
    expect(timings).toHaveLength(2)
    expect(backend.stats).toMatchObject({ submits: 1, reads: 1, dispatches: 2 })
    expect(await backend.submit([program], [], timings)).toEqual([])
    expect(timings).toHaveLength(3)
    expect(backend.stats).toMatchObject({ submits: 2, reads: 2, dispatches: 3 })
    await backend.submit([program])
    expect(backend.stats).toMatchObject({ submits: 3, reads: 2, dispatches: 4 })
    expect(await count()).toBe(12)
  })

  test('keeps one query set, also for submissions in flight together and while pipelines compile', async () => {
    let made = 0
    const original = device.createQuerySet.bind(device)
    Object.defineProperty(device, 'createQuerySet', {
      value: (descriptor: GPUQuerySetDescriptor) => {
        made++
        return original(descriptor)
      },
    })
    const { program, count } = counting(backend, 7)
    const all = Array.from({ length: 4 }, (): number[] => [])
    await backend.submit([])
    expect(made).toBe(0)
    await Promise.all(all.map((timings, i) => backend.submit(Array(i + 1).fill(program), [], timings)))
    expect(all.map(({ length }) => length)).toEqual([1, 2, 3, 4])
    expect(made).toBe(1)
    expect(await count()).toBe(70)
  })

  test('times nothing where there is nothing to run, and nothing of more programs than it holds', async () => {
    const { program, count } = counting(backend, 1)
    const timings: number[] = []
    expect(await backend.submit([], [], timings)).toEqual([])
    await backend.submit(Array(257).fill(program), [], timings)
    expect(timings).toEqual([])
    expect(backend.stats).toMatchObject({ submits: 1, reads: 0 })
    await backend.submit(Array(256).fill(program), [], timings)
    expect(timings).toHaveLength(256)
    expect(await count()).toBe(513)
  })

  test('goes away in the middle like any other', async () => {
    const { program } = counting(backend, 1)
    const timings: number[] = []
    await backend.submit([program])
    const waiting = backend.submit([program], [], timings)
    device.destroy()
    await expect(waiting).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    await expect(backend.submit([program], [], timings)).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    expect(timings).toEqual([])
  })
})

test('a device without a clock runs the same and times nothing', async () => {
  const backend = await webgpu({ gpu: clockless })
  expect(backend.info.features).not.toContain('timestamp-query')
  const { program, count } = counting(backend, 3)
  const timings: number[] = []
  await backend.submit([program, program], [], timings)
  expect(timings).toEqual([])
  expect(backend.stats).toMatchObject({ submits: 1, reads: 0, dispatches: 2 })
  expect(await count()).toBe(6)
  backend.dispose()
})
