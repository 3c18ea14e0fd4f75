import type { Arithmetic, Backend, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layouts } from '../src/weights/layout'
import { openNull, openNullMatrices } from './backends'
import { pass, passTensors } from './passes'
import { run, withWeights } from './run'
import { randomSource } from './weight-source'

let backends: Readonly<Record<Arithmetic, Backend>>
beforeAll(async () => {
  backends = {
    f32: await openNull(),
    i8: await openNull({ arithmetic: 'i8' }),
    f16: (await openNullMatrices()).backend,
  }
})
afterAll(() => {
  for (const backend of Object.values(backends)) backend.dispose()
})

test('the device is taken for a GPU', () => {
  expect(backends.f32.info.software).toBe(false)
})

const formats = Object.keys(layouts) as WeightFormat[]
const floats: ReadonlySet<WeightFormat> = new Set(['f32', 'f16', 'bf16'])
/** Numbers of rows that take each tile. */
const rowCounts: Readonly<Record<Arithmetic, readonly number[]>> = {
  f32: [1, 2, 4, 8],
  i8: [1, 2, 3, 4, 8],
  f16: [1, 17, 33],
}
const cases = (['f32', 'i8', 'f16'] as const).flatMap((arithmetic) =>
  formats
    .filter((format) => arithmetic !== 'i8' || !floats.has(format))
    .flatMap((format) => rowCounts[arithmetic].map((rows) => ({ arithmetic, format, rows }))),
)

// The tiles of a GPU, under WebGPU's default limits: 8 storage buffers, 16 KB of workgroup memory.
test.each(cases)(
  'the linear family compiles: $arithmetic, $format, $rows rows',
  async ({ arithmetic, format, rows }) => {
    const backend = backends[arithmetic]
    const [inputs, headDim] = [256, 32]
    const sources = { w: randomSource(format, 160, inputs), joining: randomSource('f16', 160, 2 * inputs) }
    await withWeights(backend, sources, async ({ w, joining }) => {
      const weight = w!
      const tensors = {
        x: { shape: [rows, inputs] },
        wide: { shape: [rows, 160] },
        other: { shape: [rows, 160] },
        half: { shape: [rows, 80] },
        ids: { shape: [160], dtype: 'u32' },
        embedded: { shape: [rows, inputs] },
        gain: { shape: [inputs] },
        bias: { shape: [160] },
        headGain: { shape: [headDim] },
        q: { shape: [rows, 3 * headDim] },
        rope: { shape: [64, headDim / 2, 2] },
        f16: { shape: [1, 2, 1, 64, headDim], dtype: 'f16' },
        f32: { shape: [1, 2, 1, 64, headDim], dtype: 'f32' },
        ...passTensors(rows),
      } as const
      await run(backend, {
        tensors,
        read: [],
        record(ops, tensor) {
          const [x, norm] = [tensor('x'), { gain: tensor('gain'), eps: 1e-5 }]
          const bias = tensor('bias')
          const rowsOf = pass(tensor, rows)
          ops.embed({ table: weight, pass: rowsOf, out: tensor('embedded') })
          ops.linear({ x, weight, out: tensor('wide'), rows })
          ops.linear({ x, weight, out: tensor('wide'), rows, norm, bias, accumulate: true, pass: rowsOf })
          ops.linear({ x, weight, out: tensor('wide'), rows, addend: tensor('other') })
          ops.argmax({ logits: tensor('wide'), vocab: 160, rows, out: tensor('tokens') })
          ops.linear({ x, weight, out: tensor('wide'), rows, norm, pass: rowsOf })
          ops.argmax({ logits: tensor('wide'), vocab: 160, rows, out: tensor('tokens'), targetIds: tensor('ids') })
          const parts = [{ table: weight, pass: rowsOf, norm }, { x }]
          ops.linear({ x: parts, weight: joining!, out: tensor('wide'), rows })
          ops.gatedLinear({ x, weight, out: tensor('half'), rows, norm, pass: rowsOf })
          const head = { gain: tensor('headGain'), eps: 1e-5 }
          const heads = { heads: 3, kvHeads: 1, headDim, rope: { table: tensor('rope') }, q: tensor('q') }
          for (const cache of ['f16', 'f32'])
            for (const headNorm of [undefined, { q: head, k: head }])
              ops.qkv({
                x,
                weights: [weight],
                ...heads,
                pass: rowsOf,
                cache: { tensor: tensor(cache), layer: 0 },
                norm,
                bias,
                ...(headNorm && { headNorm }),
              })
        },
      })
    })
  },
)

// Rows that take each tile, 256 so that a few panels fill a device.
test.each((['q4_0', 'q6_k'] as const).flatMap((format) => [1, 2, 4, 8, 32, 256].map((rows) => ({ format, rows }))))(
  'products that quantise what they store compile: $format, $rows rows',
  async ({ format, rows }) => {
    const sources = { square: randomSource(format, 256, 256), pairs: randomSource(format, 512, 256) }
    await withWeights(backends.i8, sources, async ({ square, pairs }) => {
      const before = backends.i8.stats.dispatches
      const matrix = { shape: [rows, 256] }
      await run(backends.i8, {
        tensors: {
          x: matrix,
          y: matrix,
          gated: matrix,
          z: matrix,
          gain: { shape: [256] },
          short: { shape: [1, 2, 2, 256, 64], dtype: 'f16' },
          long: { shape: [1, 2, 2, 4096, 64], dtype: 'f16' },
          ...passTensors(rows),
        },
        read: [],
        record(ops, tensor) {
          const norm = { gain: tensor('gain'), eps: 1e-5 }
          ops.linear({ x: tensor('x'), weight: square!, out: tensor('y'), rows, accumulate: true })
          ops.gatedLinear({ x: tensor('y'), weight: pairs!, out: tensor('gated'), rows, norm })
          ops.linear({ x: tensor('gated'), weight: square!, out: tensor('y'), rows })
          ops.linear({ x: tensor('y'), weight: square!, out: tensor('z'), rows })
        },
      })
      expect(backends.i8.stats.dispatches - before).toBe(5)
    })
  },
)
