import { referenceBackend } from '@outrider/core/reference'
import type { Backend, WeightFormat } from '@outrider/core/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMatrices } from '../../../test/backends'
import { both, expectAlone, linear } from '../../../test/linear'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { error, run, withWeights, words } from '../../../test/run'
import { randomSource } from '../../../test/weight-source'

let device: Backend
let reference: Backend
beforeAll(async () => {
  device = await openMatrices()
  reference = referenceBackend({ arithmetic: 'f16' })
})
afterAll(() => {
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

/** Far below what the rounding of factors to f16 makes, 1e-7: the same halves were multiplied. */
const tolerance = 1e-10

/** Inputs that a format can have: fewer steps than subgroups, not a multiple; plain numbers end inside a step. */
const widths: Readonly<Record<WeightFormat, number>> = {
  f32: 52,
  f16: 100,
  bf16: 68,
  q4_0: 288,
  q4_1: 96,
  q8_0: 160,
  q4_k: 256,
  q6_k: 256,
}

test.each(Object.entries(widths) as [WeightFormat, number][])(
  '%s multiplies the halves of the reference',
  async (format, k) => {
    await both([device, reference], randomSource(format, 65, k, 3), async (weight, exact) => {
      const x = randomRows(5, k, 8)
      const options = { norm: true, bias: true, accumulate: true, live: 5 }
      const found = await linear(device, weight, x, 5, options)
      expect(error(found, await linear(reference, exact, x, 5, options))).toBeLessThan(tolerance)
    })
  },
)

test('activations of every size, zeros, infinities and NaN', async () => {
  const [rows, k] = [16, 64]
  const x = randomRows(rows, k, 3).map((value, i) => value * 2 ** (2 * (i >> 6) - 8))
  x.fill(0, 9 * k, 10 * k)
  x[5 * k + 9] = -1e7
  x[6 * k + 9] = Number.POSITIVE_INFINITY
  x[7 * k + 9] = Number.NaN
  await both([device, reference], randomSource('q4_0', 64, k, 5), async (weight, exact) => {
    for (const norm of [false, true]) {
      const [found, expected] = await Promise.all([
        linear(device, weight, x, rows, { norm }),
        linear(reference, exact, x, rows, { norm }),
      ])
      for (let row = 0; row < rows; row++) {
        const [own, wanted] = [found, expected].map((out) => out.subarray(row * 64, (row + 1) * 64))
        if (row === 6 || row === 7) expect(own!.some(Number.isFinite), `row ${row}`).toBe(false)
        else if (wanted!.every((value) => value === 0)) expect(own!.every((value) => value === 0)).toBe(true)
        else expect(error(own!, wanted!), `row ${row}`).toBeLessThan(tolerance)
      }
    }
  })
})

test.each([
  { outputs: 66, inputs: 96, rowCounts: [2, 16, 17, 33, 70] },
  { outputs: 12_002, inputs: 64, rowCounts: [16, 17] }, // so many that workgroups of one row tile are narrower
])('a row does not feel the others: $outputs outputs', async ({ outputs, inputs, rowCounts }) => {
  await expectAlone(device, randomSource('q4_0', outputs, inputs, 4), { norm: true }, rowCounts)
})

test.each([
  [20, 5],
  [40, 5],
  [40, 20],
])('a copy of %i rows serves %i', async (many, few) => {
  const [width, outputs] = [96, 64]
  const sources = { first: randomSource('q4_0', width, width, 4), second: randomSource('q4_0', outputs, width, 5) }
  const found = await withWeights(device, sources, async ({ first, second }) => {
    const steps = (together: boolean) =>
      run(device, {
        tensors: {
          x: { shape: [many, width], data: randomRows(many, width, 6) },
          y: { shape: [many, width] },
          gain: { shape: [width], data: randomRows(1, width, 7) },
          z: { shape: [many, outputs] },
          other: { shape: [many, width] },
        },
        read: ['z'],
        record(ops, tensor) {
          ops.linear({ x: tensor('x'), weight: first!, out: tensor('y'), rows: many })
          // What is written anew has no copy.
          if (!together) ops.add({ a: tensor('y'), b: tensor('other'), out: tensor('y'), rows: many })
          const norm = { gain: tensor('gain'), eps: 1e-5 }
          ops.linear({ x: tensor('y'), weight: second!, out: tensor('z'), rows: few, norm })
        },
      })
    return Promise.all([steps(true), steps(false)])
  })
  expect(words(found[0]![0] as Float32Array)).toEqual(words(found[1]![0] as Float32Array))
})

test('gatedLinear and qkv are near the reference', async () => {
  const [rows, inputs, headDim] = [3, 256, 32]
  const sources = {
    gateUp: randomSource('q4_0', 70, inputs, 6),
    qkv: randomSource('q4_1', 128, inputs, 7),
  }
  const rotations = Float32Array.from({ length: 16 * headDim }, (_, i) => (i % 2 === 0 ? Math.cos : Math.sin)(i >> 1))
  const results = []
  for (const backend of [device, reference])
    results.push(
      await withWeights(backend, sources, ({ gateUp, qkv }) =>
        run(backend, {
          tensors: {
            x: { shape: [rows, inputs], data: randomRows(rows, inputs, 2) },
            gain: { shape: [inputs], data: randomRows(1, inputs, 5) },
            gated: { shape: [rows, 35] },
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
            ops.qkv({ ...common, ...heads, weights: [qkv!], cache: { tensor: tensor('cache'), layer: 0 } })
          },
        }),
      ),
    )
  for (const [i, out] of results[0]!.entries()) expect(error(out, results[1]![i]!)).toBeLessThan(tolerance)
})
