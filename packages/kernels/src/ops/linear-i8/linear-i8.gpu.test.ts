import { referenceBackend } from '@outrider/core/reference'
import type { Backend, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fusesMultiplyAdd } from '../../../test/fma'
import { both, expectAlone, linear } from '../../../test/linear'
import { pass, passTensors } from '../../../test/passes'
import { edgeCounts, randomRows, tileCounts } from '../../../test/rows'
import { error, run, withWeights, words } from '../../../test/run'
import { randomSource } from '../../../test/weight-source'
import { webgpu } from '../../index.node'

let device: Backend
let reference: Backend
beforeAll(async () => {
  device = await webgpu({ arithmetic: 'i8' })
  reference = referenceBackend({ arithmetic: 'i8', fusedMultiplyAdd: await fusesMultiplyAdd(device) })
})
afterAll(() => {
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

/** Inputs that a format can have: fewer blocks than slices, as many, more, not a multiple. */
const widths: Partial<Readonly<Record<WeightFormat, readonly number[]>>> = {
  q4_0: [32, 96, 1024, 1376],
  q4_1: [32, 96, 256],
  q8_0: [32, 96, 256, 672],
  q4_k: [256, 1280],
  q6_k: [256, 768],
}
const formats = Object.keys(widths) as WeightFormat[]
const outputs = [1, 63, 64, 65, 130]
const rowCounts = [1, 2, 3, 5, 8, 9, 17, 64]

describe.each(formats)('%s', (format) => {
  test('equals the reference bit for bit on ragged shapes', async () => {
    let turn = 0
    for (const n of outputs)
      for (const k of widths[format]!) {
        await both([device, reference], randomSource(format, n, k, turn + 1), async (weight, exact) => {
          const rows = rowCounts[turn++ % rowCounts.length]!
          const x = randomRows(rows, k, turn)
          const found = await linear(device, weight, x, rows)
          expect(words(found), `${rows} × ${k} × ${n}`).toEqual(words(await linear(reference, exact, x, rows)))
        })
      }
  })

  test('with a norm is near the reference', async () => {
    const k = widths[format]!.at(-1)!
    await both([device, reference], randomSource(format, 65, k, 2), async (weight, exact) => {
      const x = randomRows(5, k, 9)
      const found = await linear(device, weight, x, 5, { norm: true })
      expect(error(found, await linear(reference, exact, x, 5, { norm: true }))).toBeLessThan(1e-12)
    })
  })
})

test('activations of every size give the bits of the reference, zeros, infinities and NaN too', async () => {
  const [rows, k] = [40, 256]
  const x = randomRows(rows, k, 3).map((value, i) => value * 2 ** (3 * (i >> 8) - 100 - ((i >> 5) % 8) * 4))
  x.fill(0, 0, 64)
  x[5 * k + 9] = Number.POSITIVE_INFINITY
  x[6 * k + 9] = Number.NaN
  x[7 * k + 9] = 2 ** -101
  await both([device, reference], randomSource('q4_1', 64, k, 5), async (weight, exact) => {
    const bias = { bias: true, accumulate: true }
    const [found, expected] = [
      await linear(device, weight, x, rows, bias),
      await linear(reference, exact, x, rows, bias),
    ]
    for (const row of [5, 6]) for (let n = 0; n < 64; n++) expect(found[row * 64 + n]).toBeNaN()
    for (const row of [5, 6]) for (const out of [found, expected]) out.fill(0, row * 64, (row + 1) * 64)
    expect(expected.every(Number.isFinite)).toBe(true)
    expect(words(found)).toEqual(words(expected))
  })
})

test.each([
  { format: 'q4_0', inputs: 672, options: { norm: true, bias: true, accumulate: true }, counts: edgeCounts },
  { format: 'q6_k', inputs: 512, options: {}, counts: tileCounts },
] as const)('a row of $format does not feel the others, $options', async ({ format, inputs, options, counts }) => {
  await expectAlone(device, randomSource(format, 70, inputs, 4), options, counts)
})

test('weights of floats are multiplied as in f32', async () => {
  const plain = await webgpu()
  const source = randomSource('f16', 65, 100, 3)
  const x = randomRows(9, 100, 4)
  const found = await Promise.all(
    [device, plain].map((backend) => withWeights(backend, { w: source }, ({ w }) => linear(backend, w!, x, 9))),
  )
  expect(words(found[0]!)).toEqual(words(found[1]!))
  plain.dispose()
})

test('gatedLinear and qkv are near the reference', async () => {
  const [rows, inputs, headDim] = [3, 256, 32]
  const sources = {
    gateUp: randomSource('q4_0', 150, inputs, 6),
    q: randomSource('q4_k', 64, inputs, 7),
    kv: randomSource('q8_0', 64, inputs, 8),
  }
  const rotations = Float32Array.from({ length: 16 * headDim }, (_, i) => (i % 2 === 0 ? Math.cos : Math.sin)(i >> 1))
  const results = []
  for (const backend of [device, reference])
    results.push(
      await withWeights(backend, sources, ({ gateUp, q, kv }) =>
        run(backend, {
          tensors: {
            x: { shape: [rows, inputs], data: randomRows(rows, inputs, 2) },
            gain: { shape: [inputs], data: randomRows(1, inputs, 5) },
            gated: { shape: [rows, 75] },
            q: { shape: [rows, 64] },
            cache: { shape: [1, 2, 1, 16, headDim] },
            rope: { shape: [16, headDim / 2, 2], data: rotations },
            ...passTensors(rows, 2),
          },
          read: ['gated', 'q', 'cache'],
          record(ops, tensor) {
            const common = { x: tensor('x'), norm: { gain: tensor('gain'), eps: 1e-5 }, pass: pass(tensor, rows) }
            ops.gatedLinear({ ...common, weight: gateUp!, out: tensor('gated'), rows })
            const heads = { heads: 2, kvHeads: 1, headDim, rope: { table: tensor('rope') }, q: tensor('q') }
            ops.qkv({ ...common, ...heads, weights: [q!, kv!], cache: { tensor: tensor('cache'), layer: 0 } })
          },
        }),
      ),
    )
  for (const [i, out] of results[0]!.entries()) expect(error(out, results[1]![i]!)).toBeLessThan(1e-9)
})
