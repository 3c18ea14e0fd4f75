import { referenceBackend } from '@outrider/core/reference'
import type { Backend, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { both, expectAlone, type LinearOptions, linear } from '../../../test/linear'
import { edgeCounts, everyCount, randomRows, tileCounts } from '../../../test/rows'
import { error, withWeights } from '../../../test/run'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'
import { layouts } from '../../weights/layout'

let device: Backend
const reference = referenceBackend()
const everyFormat = Object.keys(layouts) as WeightFormat[]
const everything = { norm: true, bias: true, accumulate: true }
const paths = [
  {
    slices: 'serial',
    formats: everyFormat,
    additions: [
      { norm: true },
      { bias: true },
      { accumulate: true },
      { bias: true, accumulate: true },
      { addend: true },
    ],
    invariance: [
      { format: 'q4_0', inputs: 672, options: everything, counts: everyCount },
      { format: 'f16', inputs: 100, options: {}, counts: edgeCounts },
      { format: 'q4_1', inputs: 672, options: {}, counts: edgeCounts },
      { format: 'q6_k', inputs: 512, options: { norm: true }, counts: edgeCounts },
    ],
  },
  {
    slices: 'parallel',
    formats: ['q4_0'],
    additions: [{ norm: true }],
    invariance: [{ format: 'q4_0', inputs: 320, options: everything, counts: tileCounts }],
  },
] as const
/** Inputs that a format can have, small and ragged ones among them. */
const widths: Readonly<Record<WeightFormat, readonly number[]>> = {
  f32: [32, 96, 36, 688],
  bf16: [32, 96, 36, 688],
  f16: [32, 96, 36, 688],
  q4_0: [32, 96, 256, 672],
  q4_1: [32, 96, 256, 672],
  q8_0: [32, 96, 256, 672],
  q4_k: [256, 768],
  q6_k: [256, 768],
}
const outputs = [1, 63, 64, 65, 200]
const rowCounts = [1, 2, 3, 5, 8, 9, 17, 64]

describe.each(paths)('$slices slices', ({ slices, formats, additions, invariance }) => {
  beforeAll(async () => {
    device = await openSlices(slices)
  })
  afterAll(() => device.dispose())

  describe.each<WeightFormat>([...formats])('%s', (format) => {
    test('equals the reference on ragged shapes', async () => {
      let turn = 0
      for (const n of outputs)
        for (const k of widths[format]) {
          await both([device, reference], randomSource(format, n, k, turn + 1), async (weight, exact) => {
            const rows = rowCounts[turn++ % rowCounts.length]!
            const x = randomRows(rows, k, turn)
            const found = await linear(device, weight, x, rows)
            const expected = await linear(reference, exact, x, rows)
            expect(error(found, expected), `${rows} × ${k} × ${n}`).toBeLessThan(1e-11)
          })
        }
    })

    test('with norm, bias and accumulation equals the reference', async () => {
      const k = widths[format].at(-1)!
      await both([device, reference], randomSource(format, 65, k, 2), async (weight, exact) => {
        for (const rows of [1, 9]) {
          const options = { ...everything, live: rows }
          const x = randomRows(rows, k, rows)
          const found = await linear(device, weight, x, rows, options)
          expect(error(found, await linear(reference, exact, x, rows, options))).toBeLessThan(1e-11)
        }
      })
    })
  })

  test.each<LinearOptions>([...additions])('with %o alone equals the reference', async (options) => {
    await both([device, reference], randomSource('q4_1', 70, 96, 2), async (weight, exact) => {
      const x = randomRows(3, 96, 8)
      const found = await linear(device, weight, x, 3, options)
      expect(error(found, await linear(reference, exact, x, 3, options))).toBeLessThan(1e-11)
    })
  })

  test.each([...invariance])(
    'a row of $format does not feel the others, $options',
    async ({ format, inputs, options, counts }) => {
      await expectAlone(device, randomSource(format, 70, inputs, 4), options, counts)
    },
  )

  test('rows of tiles that are all padding stay as they were', async () => {
    await withWeights(device, { w: randomSource('q4_0', 65, 64, 4) }, async ({ w }) => {
      const start = new Float32Array(65).fill(0.25)
      const out = await linear(device, w!, randomRows(24, 64, 1), 24, { ...everything, live: 8, start })
      expect(out.subarray(8 * 65)).toEqual(new Float32Array(16 * 65).fill(0.25))
    })
  })

  test('a weight of another backend is refused', async () => {
    await withWeights(reference, { w: randomSource('q4_0', 64, 64, 4) }, async ({ w }) => {
      await expect(linear(device, w!, randomRows(1, 64, 1), 1)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    })
  })
})
