import { referenceBackend } from '@outrider/core/reference'
import { type Backend, NO_TOKEN, type Ops, type Weight, type WeightFormat } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { dispatchesOf, run, withWeights, words } from '../../../test/run'
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

test.each([
  { rows: 1, first: 0, live: 1, at: 0, dispatches: 2 },
  { rows: 3, first: 2, live: 9, at: 2, dispatches: 2 },
  { rows: 4, first: 1, live: 3, at: 1, dispatches: 2 }, // the last two are padding, and chosen all the same
  { rows: 3, first: 2, live: 9, at: 1, dispatches: 3 }, // other tokens than were chosen
])(
  'tokens that were chosen right before: $rows rows from $first on, chosen from $at on',
  async ({ rows, first, live, at, dispatches }) => {
    const chosen = async (backend: Backend) =>
      withWeights(
        backend,
        { head: randomSource('q8_0', 700, 64, 1), table: randomSource('q4_0', 700, 96, 2) },
        async ({ head, table }) => {
          let recorded = 0
          const found = await run(backend, {
            tensors: {
              ...passTensors(live, 0, (row) => row * 31),
              x: { shape: [rows, 64], data: randomRows(rows, 64, 3) },
              logits: { shape: [rows, 700] },
              out: { shape: [rows, 96], data: new Float32Array(rows * 96).fill(77) },
            },
            read: ['tokens', 'out'],
            record: (ops, t) => {
              const choose = (on: Ops) => {
                on.linear({ x: t('x'), weight: head!, out: t('logits'), rows })
                on.argmax({ logits: t('logits'), vocab: 700, rows, out: t('tokens'), at })
                on.embed({ table: table!, pass: pass(t, rows, first), out: t('out') })
              }
              choose(ops)
              recorded = dispatchesOf(backend, choose)
            },
          })
          return { found, recorded }
        },
      )
    const [onDevice, onReference] = [await chosen(device), await chosen(reference)]
    expect(onDevice.found).toEqual(onReference.found)
    expect(onDevice.recorded).toBe(dispatches)
  },
)

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
