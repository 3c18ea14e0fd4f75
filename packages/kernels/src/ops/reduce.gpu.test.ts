import type { Backend } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openNull, paths } from '../../test/backends'
import { run, words } from '../../test/run'
import { random } from '../../test/weight-source'
import { webgpu } from '../index.node'
import { workgroupSum } from './reduce.wgsl'

const sizes = [64, 128, 256] as const

/** Three sums one after the other, so that a sum would meet what an earlier one left behind. */
function sumWgsl(device: Parameters<typeof workgroupSum>[0], size: (typeof sizes)[number]): string {
  const sum = workgroupSum(device, size)
  return /* wgsl */ `
${sum.enable}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
${sum.functions}
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) lane: u32${sum.parameter}) {
  for (var i = 0u; i < 3u; i++) { out[i * ${size}u + lane] = workgroupSum(x[i * ${size}u + lane], lane, width); }
}`
}

async function sums(backend: Backend, wgsl: string, x: Float32Array): Promise<Float32Array> {
  const [out] = await run(backend, {
    tensors: { x: { shape: [x.length], data: x }, out: { shape: [x.length] } },
    read: ['out'],
    record: (ops, t) =>
      ops.kernel({
        label: 'sums',
        wgsl,
        tensors: [
          { tensor: t('x'), access: 'read' },
          { tensor: t('out'), access: 'read_write' },
        ],
        workgroups: [1],
        reference: () => {},
      }),
  })
  return out as Float32Array
}

/** Lanes at the distances 1, 2, 4, …, each addition rounded to f32. */
function butterfly(values: Float32Array): number {
  let sums = [...values]
  while (sums.length > 1) sums = sums.flatMap((_, i) => (i % 2 ? [] : [Math.fround(sums[i]! + sums[i + 1]!)]))
  return sums[0]!
}

describe.each(paths)('workgroupSum through $path', ({ options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => backend.dispose())

  test.each(sizes)('%i lanes get the sum of the one tree', async (size) => {
    const next = random(size)
    const x = Float32Array.from({ length: 3 * size }, () => (next() - 0.5) * 10 ** Math.floor(next() * 6))
    const device = { subgroups: backend.info.features.includes('subgroups'), minSubgroup: 4 }
    const found = await sums(backend, sumWgsl(device, size), x)
    const expected = x.map((_, i) =>
      butterfly(x.subarray(Math.floor(i / size) * size, (Math.floor(i / size) + 1) * size)),
    )
    expect(words(found)).toEqual(words(expected))
  })
})

test.each([4, 8, 16, 32, 64, 128])('compiles for subgroups of at least %i lanes', async (minSubgroup) => {
  const backend = await openNull({ subgroups: true })
  for (const size of sizes)
    await sums(backend, sumWgsl({ subgroups: true, minSubgroup }, size), new Float32Array(3 * size))
  backend.dispose()
})
