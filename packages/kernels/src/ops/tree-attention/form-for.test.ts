import type { Tensor } from '@outrider/core/spec'
import { describe, expect, test } from 'vitest'
import type { DeviceFacts } from '../../device'
import { chunk, workgroupBytes } from './form'
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
  test.each([
    { heads: llama8b, most: 8 },
    { heads: llama1b, most: 256 },
    { heads: smollm2, most: 256 },
  ])('takes one dispatch up to 1,024 keys: heads $heads, $most rows', ({ heads, most }) => {
    for (const reach of [100, 256, 257, 1024])
      for (const rows of [1, 2, 4, 8, 16, 32, 64, 256]) {
        const found = form(device(), heads, rows, reach)
        expect(found.partial, `${rows} rows, ${reach} keys`).toBe(rows > most && reach > chunk)
        expect(workgroupBytes(found, 32)).toBeLessThanOrEqual(49152)
      }
    expect(form(device(), heads, 1, 1025).partial).toBe(true)
  })

  test('the more workgroups there are, the more heads and the fewer chunks each takes', () => {
    const taken = [1, 4, 8, 16, 32, 64].map((rows) => {
      const { group, groups, beside } = form(device(), llama1b, rows, 1024)
      expect(group * groups).toBe(4)
      return [group, beside]
    })
    expect(taken).toEqual([
      [1, 4],
      [1, 4],
      [2, 4],
      [4, 4],
      [4, 2],
      [4, 1],
    ])
  })

  test('each of the four teams of a chunk has a lane for every vector of a head', () => {
    for (const heads of [llama8b, llama1b, smollm2, [8, 4, 256], [4, 1, 80], [2, 2, 34]] as const)
      for (const reach of [100, 1024, 4096])
        for (const rows of [1, 8, 64, 256])
          for (const lanes of [256, 1024]) {
            const found = form(device({ lanes }), heads, rows, reach)
            expect(found.lanes * found.beside).toBeLessThanOrEqual(lanes)
            expect(heads[2] / (heads[2] % 4 === 0 ? 4 : 2)).toBeLessThanOrEqual(found.lanes / 4)
          }
  })

  test('a device of 256 lanes has narrower chunks, and parts that are merged where heads are too wide for those', () => {
    expect(form(device({ lanes: 256 }), llama1b, 1, 1024)).toMatchObject({ lanes: 64, beside: 4, partial: false })
    expect(form(device({ lanes: 256 }), llama8b, 1, 1024)).toMatchObject({ lanes: 256, beside: 1, partial: true })
    expect(form(device({ memory: 16384 }), llama1b, 16, 1024)).toMatchObject({ beside: 1, partial: true })
  })

  test('a general processor goes through a span of keys in order', () => {
    const software = device({ software: true })
    expect(form(software, llama1b, 16, 8 * chunk)).toMatchObject({ lanes: 16, beside: 1, rows: 1, partial: false })
    expect(form(software, llama1b, 16, 8 * chunk + 1).partial).toBe(true)
  })
})
