import { referenceBackend } from '@outrider/core/reference'
import { type Backend, NO_TOKEN, type Weight, type WeightFormat } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { run, withWeights, words } from '../../../test/run'
import { randomSource } from '../../../test/weight-source'
import { layouts } from '../../weights/layout'

let device: Backend
const reference = referenceBackend()
beforeAll(async () => {
  device = await webgpu()
})
afterAll(() => device.dispose())

const formats = Object.keys(layouts) as WeightFormat[]

/** out [rows, width], 77 where nothing was written. */
async function embed(
  backend: Backend,
  table: Weight,
  tokens: (row: number) => number,
  rows: number,
  { live = rows, first = 0 } = {},
): Promise<Float32Array> {
  const width = table.shape[1]
  const [out] = await run(backend, {
    tensors: {
      out: { shape: [rows, width], data: new Float32Array(rows * width).fill(77) },
      ...passTensors(live, 0, tokens),
    },
    read: ['out'],
    record: (ops, tensor) => ops.embed({ table, pass: pass(tensor, rows, first), out: tensor('out') }),
  })
  return out as Float32Array
}

test.each(formats)('%s rows are exactly the numbers that are stored', async (format) => {
  const widths =
    format === 'q4_k' || format === 'q6_k'
      ? [256, 2304]
      : format === 'f16'
        ? [32, 100, 520]
        : format === 'f32' || format === 'bf16'
          ? [32, 260]
          : [32, 2304]
  for (const width of widths)
    for (const vocab of [1, 70]) {
      const source = randomSource(format, vocab, width, width)
      const tokens = (row: number): number => (row * 13) % vocab
      for (const rows of width === widths[0] ? [1, 9, 64, 256] : [1, 9, 64]) {
        const [found, expected] = await Promise.all(
          [device, reference].map((backend) =>
            withWeights(backend, { w: source }, ({ w }) => embed(backend, w!, tokens, rows)),
          ),
        )
        expect(words(found!), `${rows} of ${vocab} × ${width}`).toEqual(words(expected!))
      }
    }
})

test('padding is left alone, rows count from the first, a token beyond the table is its last', async () => {
  const tokens = (row: number): number => (row === 5 ? NO_TOKEN : row)
  await withWeights(device, { w: randomSource('q8_0', 33, 64, 1) }, async ({ w }) => {
    const all = await embed(device, w!, (row) => row, 33)
    const out = await embed(device, w!, tokens, 8, { live: 6, first: 3 })
    expect(out.subarray(0, 2 * 64)).toEqual(all.subarray(3 * 64, 5 * 64))
    expect(out.subarray(2 * 64, 3 * 64)).toEqual(all.subarray(32 * 64))
    expect(out.subarray(3 * 64)).toEqual(new Float32Array(5 * 64).fill(77))
  })
})

test('a width that is not the table’s is refused', async () => {
  await withWeights(device, { w: randomSource('f32', 8, 64, 1) }, async ({ w }) => {
    await expect(
      run(device, {
        tensors: { out: { shape: [1, 32] }, ...passTensors(1) },
        read: [],
        record: (ops, tensor) => ops.embed({ table: w!, pass: pass(tensor, 1), out: tensor('out') }),
      }),
    ).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})
