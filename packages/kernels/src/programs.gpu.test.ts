import type { Backend, CustomKernel, Program, Tensor } from '@outrider/core/spec'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openWithDevice } from '../test/backends'
import { webgpu } from './index.node'

/** x[i] = x[i] · 2 + 1: two runs cannot be mistaken for one. */
function step(tensor: Tensor, changes: Partial<CustomKernel> = {}): CustomKernel {
  return {
    label: 'step',
    wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&x)) { x[id.x] = x[id.x] * 2u + 1u; }
}`,
    tensors: [{ tensor, access: 'read_write' }],
    workgroups: [1],
    reference: () => {},
    ...changes,
  }
}

const wordsIn = (bytes: ArrayBuffer | undefined): number[] => [...new Uint32Array(bytes!)]

describe('programs', () => {
  let backend: Backend
  let device: GPUDevice
  beforeEach(async () => {
    ;({ backend, device } = await openWithDevice())
  })
  afterEach(() => backend.dispose())

  test('one submission runs its programs in order and reads once', async () => {
    const [x, y] = [backend.tensor([3], 'u32', 'x'), backend.tensor([5], 'u32', 'y')]
    backend.write(x, Uint32Array.of(1, 2), 1)
    const twice = backend.program('twice', (ops) => {
      ops.kernel(step(x))
      ops.kernel(step(x))
    })
    const once = backend.program('once', (ops) => ops.kernel(step(y)))
    expect(twice.dispatches).toBe(2)
    const [inX, inY] = await backend.submit([twice, once, once], [x, y])
    expect(wordsIn(inX)).toEqual([3, 7, 11])
    expect(wordsIn(inY)).toEqual([3, 3, 3, 3, 3])
    expect(backend.stats).toMatchObject({ submits: 1, reads: 1, dispatches: 4 })
    await backend.submit([once])
    expect(backend.stats).toMatchObject({ submits: 2, reads: 1, dispatches: 5 })
    expect(wordsIn((await backend.submit([], [y]))[0])).toEqual([7, 7, 7, 7, 7])
    expect(backend.stats).toMatchObject({ submits: 2, reads: 2, dispatches: 5 })
  })

  test('params differ from program to program under one pipeline', async () => {
    const x = backend.tensor([3], 'u32', 'x')
    const set = (params: readonly number[]) =>
      step(x, {
        wgsl: /* wgsl */ `
struct Params { at: u32, value: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(1)
fn main() { x[params.at] = params.value; }`,
        params,
      })
    let compiled = 0
    const compile = device.createComputePipelineAsync.bind(device)
    device.createComputePipelineAsync = (descriptor) => {
      compiled++
      return compile(descriptor)
    }
    const values = [7, 2 ** 32 - 1, 2 ** 31]
    const programs = values.map((value, at) => backend.program(`set ${at}`, (ops) => ops.kernel(set([at, value]))))
    expect(wordsIn((await backend.submit(programs, [x]))[0])).toEqual(values)
    expect(compiled).toBe(1)
  })

  test('a round allocates nothing: buffers, bind groups and pipelines are made once', async () => {
    const x = backend.tensor([1000], 'u32', 'x')
    const program = backend.program('p', (ops) => ops.kernel(step(x)))
    for (let i = 0; i < 4; i++) await backend.submit([program], [x])
    const made = { createBuffer: 0, createBindGroup: 0, createShaderModule: 0, createComputePipelineAsync: 0 }
    for (const name of Object.keys(made) as (keyof typeof made)[]) {
      const original = device[name].bind(device) as (descriptor: never) => never
      Object.defineProperty(device, name, {
        value: (descriptor: never) => {
          made[name]++
          return original(descriptor)
        },
      })
    }
    for (let i = 0; i < 5; i++) await backend.submit([program], [x])
    expect(made).toEqual({ createBuffer: 0, createBindGroup: 0, createShaderModule: 0, createComputePipelineAsync: 0 })
    const other = backend.program('q', (ops) => ops.kernel(step(x)))
    await backend.submit([other])
    expect(made).toMatchObject({ createBindGroup: 1, createShaderModule: 0, createComputePipelineAsync: 0 })
  })

  test('a round that is foreseen is encoded before it is asked for, and given up where another one comes', async () => {
    const [x, y] = [backend.tensor([1], 'u32', 'x'), backend.tensor([1], 'u32', 'y')]
    const [onX, onY] = [x, y].map((tensor) => backend.program('p', (ops) => ops.kernel(step(tensor)))) as [
      Program,
      Program,
    ]
    let encoders = 0
    const create = device.createCommandEncoder.bind(device)
    device.createCommandEncoder = () => {
      encoders++
      return create()
    }
    const onceX = async () => wordsIn((await backend.submit([onX], [x]))[0])[0]
    for (const expected of [1, 3, 7, 15]) expect(await onceX()).toBe(expected)
    expect(encoders).toBe(5)
    const waiting = backend.submit([onX], [x])
    expect(encoders).toBe(6)
    expect(wordsIn((await waiting)[0])).toEqual([31])
    backend.write(x, Uint32Array.of(1))
    expect(wordsIn((await backend.submit([onY], [y]))[0])).toEqual([1])
    expect(await onceX()).toBe(3)
    expect(backend.stats).toMatchObject({ submits: 7, reads: 7, dispatches: 7 })
    for (let i = 0; i < 4; i++) await onceX()
    onX.dispose()
    await expect(backend.submit([onX], [x])).rejects.toMatchObject({ code: 'DISPOSED' })
    expect(wordsIn((await backend.submit([onY], [y]))[0])).toEqual([3])
  })

  test('reads in flight have buffers of their own', async () => {
    const x = backend.tensor([4], 'u32', 'x')
    const program = backend.program('p', (ops) => ops.kernel(step(x)))
    await backend.submit([program])
    const results = await Promise.all([1, 2, 3].map(() => backend.submit([program], [x])))
    expect(results.map(([bytes]) => wordsIn(bytes)[0])).toEqual([3, 7, 15])
  })

  test('writes and submissions keep their order while pipelines compile', async () => {
    const x = backend.tensor([2], 'u32', 'x')
    const program = backend.program('p', (ops) =>
      ops.kernel(step(x, { wgsl: `${step(x).wgsl}// not compiled before` })),
    )
    const data = Uint32Array.of(5, 6)
    const first = backend.submit([program], [x])
    backend.write(x, data)
    data.fill(77)
    const second = backend.submit([program], [x])
    expect(wordsIn((await first)[0])).toEqual([1, 1])
    expect(wordsIn((await second)[0])).toEqual([11, 13])
  })

  test('a write that waits for pipelines is dropped with its tensor, and nobody else hears of it', async () => {
    const [x, y] = [backend.tensor([2], 'u32', 'x'), backend.tensor([2], 'u32', 'y')]
    const program = backend.program('p', (ops) =>
      ops.kernel(step(x, { wgsl: `${step(x).wgsl}// not compiled before, either` })),
    )
    const first = backend.submit([program], [x])
    backend.write(y, Uint32Array.of(5, 6))
    expect(() => backend.write(y, Uint32Array.of(5, 6, 7))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    y.dispose()
    expect(wordsIn((await first)[0])).toEqual([1, 1])
    expect(wordsIn((await backend.submit([program], [x]))[0])).toEqual([3, 3])
  })

  test('f16 tensors are written by halves, at even places or up to the end', async () => {
    const x = backend.tensor([5], 'f16', 'x')
    backend.write(x, Uint16Array.of(1, 2, 3, 4, 5))
    backend.write(x, Uint16Array.of(9), 4)
    const [bytes] = await backend.submit([], [x])
    expect([...new Uint16Array(bytes!)]).toEqual([1, 2, 3, 4, 9])
    expect(() => backend.write(x, Uint16Array.of(1), 1)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    expect(() => backend.write(x, Float32Array.of(1))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    expect(() => backend.write(x, Uint16Array.of(1, 2), 4)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
  })

  test('every byte is given back', () => {
    const x = backend.tensor([100], 'u32', 'x')
    const logits = backend.tensor([2, 9000], 'f32', 'logits')
    const program = backend.program('p', (ops) => ops.argmax({ logits, vocab: 9000, rows: 2, out: x }))
    const held = backend.stats.liveBytes
    expect(held).toBeGreaterThan(400 + 72000)
    program.dispose()
    program.dispose()
    logits.dispose()
    x.dispose()
    x.dispose()
    expect(backend.stats).toMatchObject({ liveBytes: 0, peakBytes: held })
  })

  test('recording that throws gives back what it took', () => {
    const logits = backend.tensor([2, 9000], 'f32', 'logits')
    const out = backend.tensor([2], 'u32', 'out')
    const before = backend.stats.liveBytes
    const record = () =>
      backend.program('p', (ops) => {
        ops.argmax({ logits, vocab: 9000, rows: 2, out })
        ops.argmax({ logits, vocab: 9001, rows: 2, out })
      })
    expect(record).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    expect(backend.stats.liveBytes).toBe(before)
  })

  test('use after disposal', async () => {
    const [x, y] = [backend.tensor([4], 'u32', 'x'), backend.tensor([4], 'u32', 'y')]
    const onX = backend.program('on x', (ops) => ops.kernel(step(x)))
    const onY = backend.program('on y', (ops) => ops.kernel(step(y)))
    await backend.submit([onX, onY])
    x.dispose()
    await expect(backend.submit([onX])).rejects.toMatchObject({
      code: 'DISPOSED',
      message: expect.stringContaining('x was'),
    })
    await expect(backend.submit([], [x])).rejects.toMatchObject({ code: 'DISPOSED' })
    expect(() => backend.write(x, Uint32Array.of(1))).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
    expect(() => backend.program('p', (ops) => ops.kernel(step(x)))).toThrow(
      expect.objectContaining({ code: 'DISPOSED' }),
    )
    expect(wordsIn((await backend.submit([onY], [y]))[0])).toEqual([3, 3, 3, 3])
    onY.dispose()
    await expect(backend.submit([onY])).rejects.toMatchObject({ code: 'DISPOSED' })
    backend.dispose()
    backend.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    await expect(backend.submit([])).rejects.toMatchObject({ code: 'DISPOSED' })
    expect(() => backend.tensor([1], 'f32', 'z')).toThrow(expect.objectContaining({ code: 'DISPOSED' }))
  })

  test('what the device cannot hold or bind', () => {
    const lacks = expect.objectContaining({ code: 'DEVICE_LACKS' })
    expect(() => backend.tensor([backend.info.maxTensorBytes / 4 + 1], 'f32', 'huge')).toThrow(lacks)
    const x = backend.tensor([4], 'u32', 'x')
    expect(() => backend.program('p', (ops) => ops.kernel(step(x, { workgroups: [65536] })))).toThrow(lacks)
    const many = Array.from({ length: 99 }, () => ({ tensor: x, access: 'read' as const }))
    expect(() => backend.program('p', (ops) => ops.kernel(step(x, { tensors: many })))).toThrow(lacks)
    expect(() => backend.tensor([2.5], 'f32', 'half a word')).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    )
    expect(() => backend.tensor([0], 'f32', 'nothing')).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }))
    x.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('a shader that does not compile is named with the compiler’s words, and the backend goes on', async () => {
    const x = backend.tensor([4], 'u32', 'x')
    const good = backend.program('good', (ops) => ops.kernel(step(x)))
    const bad = backend.program('bad', (ops) =>
      ops.kernel(step(x, { label: 'myOwnOp', wgsl: 'fn main() { nonsense(); }' })),
    )
    await expect(backend.submit([bad])).rejects.toMatchObject({
      code: 'KERNEL_INVALID',
      message: expect.stringMatching(/myOwnOp.*nonsense/),
    })
    await expect(backend.submit([good, bad])).rejects.toMatchObject({ code: 'KERNEL_INVALID' })
    expect(wordsIn((await backend.submit([good], [x]))[0])).toEqual([1, 1, 1, 1])
  })

  test('a plugin’s kernel states how it uses its tensors', async () => {
    const [x, half] = [backend.tensor([4], 'u32', 'x'), backend.tensor([4], 'f16', 'half')]
    const invalid = expect.objectContaining({ code: 'KERNEL_INVALID' })
    const record = (changes: Partial<CustomKernel>) => backend.program('p', (ops) => ops.kernel(step(x, changes)))
    const readOnly = record({ tensors: [{ tensor: x, access: 'read' }] })
    await expect(backend.submit([readOnly])).rejects.toMatchObject({ code: 'KERNEL_INVALID' })
    const twice = [x, x].map((tensor) => ({ tensor, access: 'read_write' as const }))
    expect(() => record({ tensors: twice })).toThrow(invalid)
    expect(() => record({ tensors: [] })).toThrow(invalid)
    expect(() => record({ tensors: [{ tensor: x, access: 'write' as 'read' }] })).toThrow(invalid)
    expect(() => record({ tensors: [{ tensor: half, access: 'read' }] })).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    )
  })

  test('tensors and programs of another backend are refused', async () => {
    const other = await webgpu()
    const x = other.tensor([4], 'u32', 'x')
    const mine = backend.tensor([4], 'u32', 'mine')
    const program = other.program('p', (ops) => ops.kernel(step(x)))
    const mismatch = expect.objectContaining({ code: 'SHAPE_MISMATCH' })
    expect(() => backend.program('p', (ops) => ops.kernel(step(x)))).toThrow(mismatch)
    expect(() => backend.write(x, Uint32Array.of(1))).toThrow(mismatch)
    await expect(backend.submit([program], [mine])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await expect(backend.submit([], [x])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    other.dispose()
  })

  test('a device that goes away in the middle ends what waits for it', async () => {
    const x = backend.tensor([4], 'u32', 'x')
    const program = backend.program('p', (ops) => ops.kernel(step(x)))
    await backend.submit([program], [x])
    const waiting = backend.submit([program], [x])
    device.destroy()
    await expect(waiting).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    expect(await backend.lost).toMatchObject({ reason: 'destroyed' })
    await expect(backend.submit([program], [x])).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    await expect(backend.submit([program])).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  })

  test('a device that goes away before pipelines are compiled', async () => {
    const x = backend.tensor([4], 'u32', 'x')
    const wgsl = `${step(x).wgsl}// not compiled before`
    const program = backend.program('p', (ops) => ops.kernel(step(x, { wgsl })))
    const waiting = backend.submit([program], [x])
    device.destroy()
    await expect(waiting).rejects.toMatchObject({ code: 'DEVICE_LOST' })
  })
})

test('no adapter', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU
  await expect(webgpu({ gpu })).rejects.toMatchObject({ code: 'ADAPTER_MISSING' })
})
