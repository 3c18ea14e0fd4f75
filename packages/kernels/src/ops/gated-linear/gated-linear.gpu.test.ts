import { referenceBackend } from '@outrider/core/reference'
import type { Backend, Weight, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { among, everyCount, randomRows, rowCases, tileCounts } from '../../../test/rows'
import { error, run, withWeights, words } from '../../../test/run'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'
import { layouts } from '../../weights/layout'

let device: Backend
const reference = referenceBackend()
const paths = [
  { slices: 'serial', counts: everyCount, formats: Object.keys(layouts) as WeightFormat[], watched: 'q4_0' },
  { slices: 'parallel', counts: tileCounts, formats: ['q8_0'], watched: 'q8_0' },
] as const

/** out [rows, outputs / 2] after `gatedLinear` of `data` [rows, inputs]. */
async function gated(
  backend: Backend,
  weight: Weight,
  data: Float32Array,
  rows: number,
  { norm, live = rows }: { norm: boolean; live?: number },
): Promise<Float32Array> {
  const [n, k] = weight.shape
  const [out] = await run(backend, {
    tensors: {
      x: { shape: [rows, k], data },
      out: { shape: [rows, n / 2] },
      gain: { shape: [k], data: randomRows(1, k, 5) },
      ...passTensors(live),
    },
    read: ['out'],
    record: (ops, tensor) =>
      ops.gatedLinear({
        x: tensor('x'),
        weight,
        out: tensor('out'),
        rows,
        pass: pass(tensor, rows),
        ...(norm && { norm: { gain: tensor('gain'), eps: 1e-6 } }),
      }),
  })
  return out as Float32Array
}

describe.each(paths)('$slices slices', ({ slices, counts, formats, watched }) => {
  beforeAll(async () => {
    device = await openSlices(slices)
  })
  afterAll(() => device.dispose())

  test.each<WeightFormat>([...formats])('%s equals the reference', async (format) => {
    for (const [width, rows, norm] of [
      [1, 1, true],
      [100, 3, false],
      [63, 17, true],
    ] as const) {
      const source = randomSource(format, 2 * width, 256, width)
      const x = randomRows(rows, 256, rows)
      const [found, expected] = await Promise.all(
        [device, reference].map((backend) =>
          withWeights(backend, { w: source }, ({ w }) => gated(backend, w!, x, rows, { norm })),
        ),
      )
      // WGSL's exp may be 3 + 2 |x| units in the last place off, and gates here reach far.
      expect(error(found!, expected!), `${rows} × 256 × ${width}`).toBeLessThan(1e-9)
    }
  })

  test('gates far from zero stay finite and right', async () => {
    // One input: the gate is x · 1e4, up is x.
    const data = new Float32Array(2 * 4)
    data[0] = 1e4
    data[4] = 1
    const source = {
      name: 'w',
      shape: [2, 4] as const,
      format: 'f32' as const,
      rows: async () => new Uint8Array(data.buffer),
    }
    await withWeights(device, { w: source }, async ({ w }) => {
      const x = Float32Array.of(1, 0, 0, 0, -1, 0, 0, 0, -1e30, 0, 0, 0)
      const out = await gated(device, w!, x, 3, { norm: false })
      expect(out[0]).toBeCloseTo(1e4, 1)
      expect(Math.abs(out[1]!)).toBeLessThan(1e-25)
      expect(Math.abs(out[2]!)).toBeLessThan(1)
    })
  })

  test('a row does not feel the others', async () => {
    const [width, inputs] = [40, 320]
    await withWeights(device, { w: randomSource(watched, 2 * width, inputs, 4) }, async ({ w }) => {
      const row = randomRows(1, inputs, 12)
      const alone = words(await gated(device, w!, row, 1, { norm: true }))
      for (const { rows, live, here, neighbour } of rowCases(counts)) {
        const out = words(await gated(device, w!, among(row, rows, here, neighbour), rows, { norm: true, live }))
        for (let place = 0; place < live; place++)
          if (here(place))
            expect(out.subarray(place * width, (place + 1) * width), `${rows} rows, place ${place}`).toEqual(alone)
      }
    })
  })

  test('an odd number of weight rows is refused', async () => {
    await withWeights(device, { w: randomSource('f32', 65, 64, 4) }, async ({ w }) => {
      await expect(gated(device, w!, randomRows(1, 64, 1), 1, { norm: false })).rejects.toMatchObject({
        code: 'SHAPE_MISMATCH',
      })
    })
  })
})
