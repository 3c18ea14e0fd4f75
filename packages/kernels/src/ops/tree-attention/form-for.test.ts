import type { Tensor } from '@outrider/core/spec'
import { describe, expect, test } from 'vitest'
import type { DeviceFacts } from '../../device'
import { chunk, span, workgroupBytes } from './form'
import { formFor } from './form-for'

const tensor = (shape: readonly number[], dtype: Tensor['dtype']): Tensor => ({
  shape,
  dtype,
  label: 'tensor',
  bytes: 4,
  dispose: () => {},
})

const device = (changed: { lanes?: number; memory?: number; software?: boolean } = {}): DeviceFacts => {
  const { lanes = 1024, memory = 49152, software = false } = changed
  const limits = {
    maxComputeInvocationsPerWorkgroup: lanes,
    maxComputeWorkgroupSizeX: lanes,
    maxComputeWorkgroupStorageSize: memory,
  } as GPUSupportedLimits
  return { subgroups: true, minSubgroup: 32, maxSubgroup: 32, software, packedDot: true, matrices: [], limits }
}

const form = (facts: DeviceFacts, heads: readonly [number, number, number], rows: number, reach: number) => {
  const [queryHeads, kvHeads, headDim] = heads
  const u32 = tensor([1], 'u32')
  const q = tensor([rows, queryHeads * headDim], 'f32')
  const cache = { tensor: tensor([1, 2, kvHeads, 32768, headDim], 'f16'), layer: 0 }
  const pass = { rows, first: 0, reach, tokens: u32, index: u32 }
  return formFor(facts, { q, out: q, cache, heads: queryHeads, kvHeads, headDim, pass })
}

const llama8b = [32, 8, 128] as const
const llama1b = [32, 8, 64] as const
const smollm2 = [9, 3, 64] as const

describe('formFor', () => {
  const reaches = [100, 256, 257, 1024, 1025, 4096, 16384]
  const manyRows = [1, 2, 4, 8, 16, 32, 64, 256]

  test.each([llama8b, llama1b, smollm2, [8, 4, 256], [4, 1, 80], [2, 2, 34], [16, 1, 128]] as const)(
    'fits every device, and shares keys where one workgroup has not all of them: %i heads on %i of %i',
    (...heads) => {
      for (const [lanes, memory] of [
        [256, 16384],
        [256, 32768],
        [1024, 49152],
      ] as const)
        for (const reach of reaches)
          for (const rows of manyRows) {
            const found = form(device({ lanes, memory }), heads, rows, reach)
            const name = `${rows} rows, ${reach} keys, ${lanes} lanes`
            expect(found.shared, name).toBe(reach > (found.reach === 'chunk' ? chunk : span))
            expect(found.lanes, name).toBeLessThanOrEqual(lanes)
            expect(workgroupBytes(found, 32), name).toBeLessThanOrEqual(memory)
            expect(found.group * found.groups, name).toBe(heads[0] / heads[1])
            // Each of the four teams of a chunk has a lane for every vector of a head.
            expect(heads[2] / (heads[2] % 4 === 0 ? 4 : 2), name).toBeLessThanOrEqual(found.lanes / 4)
          }
    },
  )

  test('the more workgroups there would be, the more heads each has, then rows', () => {
    const taken = (heads: typeof llama8b | typeof llama1b, reach: number) =>
      manyRows.slice(0, 6).map((rows) => {
        const found = form(device(), heads, rows, reach)
        return [found.lanes, found.group, found.rows]
      })
    expect(taken(llama8b, 1024)).toEqual([
      [128, 1, 1],
      [128, 1, 1],
      [128, 2, 1],
      [128, 4, 1],
      [256, 4, 2],
      [256, 4, 2],
    ])
    expect(taken(llama1b, 2048)).toEqual([
      [128, 1, 1],
      [128, 2, 1],
      [128, 4, 1],
      [128, 4, 1],
      [256, 4, 2],
      [256, 4, 2],
    ])
  })

  test('so many rows that a card is busy take their span alone', () => {
    expect(form(device(), llama1b, 32, 1024)).toMatchObject({ lanes: 128, group: 4, shared: false })
    expect(form(device(), llama1b, 16, 1024)).toMatchObject({ lanes: 128, group: 4, shared: true })
  })

  test('far beyond, workgroups leave spans, but of one row or two chunks', () => {
    for (const rows of [1, 2])
      expect(form(device(), llama8b, rows, 32768)).toMatchObject({ lanes: 128, group: 4, rows: 1, reach: 'chunk' })
    expect(form(device(), llama8b, 8, 16384)).toMatchObject({ lanes: 256, rows: 4, reach: 'span', shared: true })
  })

  test('a general processor goes through a span of keys in order', () => {
    const software = device({ software: true })
    expect(form(software, llama1b, 16, span)).toMatchObject({ lanes: 16, rows: 1, shared: false })
    expect(form(software, llama1b, 16, span + 1)).toMatchObject({ lanes: 16, rows: 1, shared: true })
  })
})
