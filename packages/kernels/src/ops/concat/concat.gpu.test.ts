import type { RowPart, Tensor, WeightFormat } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { pass, passTensors } from '../../../test/passes'
import { randomRows } from '../../../test/rows'
import { error, run, type Work, withWeights, words } from '../../../test/run'
import { randomSource } from '../../../test/weight-source'

const both = againstReference()

const vocab = 70
const tokens = (row: number): number => (row * 13) % (vocab + 3) // some beyond the table

/** An embedding, a normalised row, one normalised twice and one as it is, beside each other in `out`, or each op by itself. */
function work(width: number, rows: number, first: number, together: boolean): Work {
  const narrow = 44
  const gain = (seed: number, size = width) => ({ shape: [size], data: randomRows(1, size, seed) })
  const wide = 2 * width + 2 * narrow
  const padding = new Float32Array(rows * wide).fill(77)
  const norm = (t: (name: string) => Tensor, name: string) => ({ gain: t(name), eps: 1e-5 })
  return {
    tensors: {
      ...passTensors(first + rows - (rows > 4 ? 2 : 0), 0, tokens),
      a: { shape: [rows, width], data: randomRows(rows, width, 1) },
      b: { shape: [rows + 1, narrow], data: randomRows(rows + 1, narrow, 2) },
      gainE: gain(3),
      gainA: gain(4),
      gainBefore: gain(5, narrow),
      gainB: gain(6, narrow),
      e: { shape: [rows, width] },
      c: { shape: [rows, narrow] },
      out: { shape: [rows, wide], data: padding },
    },
    read: ['out'],
    record: (ops, t, w) => {
      const at = pass(t, rows, first)
      const parts: RowPart[] = [
        { table: w('table'), pass: at, norm: norm(t, 'gainE') },
        { x: t('b'), before: norm(t, 'gainBefore'), norm: norm(t, 'gainB') },
        { x: t('a'), norm: norm(t, 'gainA') },
        { x: t('b') },
      ]
      if (together) {
        ops.concat({ parts, out: t('out'), rows })
        return
      }
      ops.embed({ table: w('table'), pass: at, out: t('e') })
      ops.rmsNorm({ x: t('e'), norm: norm(t, 'gainE'), out: t('e'), rows })
      ops.rmsNorm({ x: t('b'), norm: norm(t, 'gainBefore'), out: t('c'), rows })
      ops.rmsNorm({ x: t('c'), norm: norm(t, 'gainB'), out: t('c'), rows })
      ops.rmsNorm({ x: t('a'), norm: norm(t, 'gainA'), out: t('a'), rows })
      ops.concat({ parts: [{ x: t('e') }, { x: t('c') }, { x: t('a') }, { x: t('b') }], out: t('out'), rows })
    },
  }
}

const cases: readonly (readonly [WeightFormat, number, number])[] = [
  ['f32', 36, 1],
  ['f16', 520, 5],
  ['f16', 100, 64],
  ['q4_1', 1088, 2],
  ['q8_0', 32, 256],
  ['q6_k', 256, 9],
]

test.each(cases)(
  'an embedding in %s of %d values and %d rows: the bits of the ops one by one',
  async (format, width, rows) => {
    const first = rows === 256 ? 0 : 3
    const source = { table: randomSource(format, vocab, width, width) }
    const live = (rows - (rows > 4 ? 2 : 0)) * (2 * width + 88)
    const [together, apart] = await withWeights(both.device, source, async (weights) => [
      ...(await run(both.device, { ...work(width, rows, first, true), weights })),
      ...(await run(both.device, { ...work(width, rows, first, false), weights })),
    ])
    const bits = words(together as Float32Array)
    expect(bits.slice(0, live)).toEqual(words(apart as Float32Array).slice(0, live))
    if (rows > 4) expect(bits.slice(live, live + width)).toEqual(words(new Float32Array(width).fill(77)))
    const [expected] = await withWeights(both.reference, source, (weights) =>
      run(both.reference, { ...work(width, rows, first, true), weights }),
    )
    expect(error((together as Float32Array).slice(0, live), (expected as Float32Array).slice(0, live))).toBeLessThan(
      1e-12,
    )
  },
)

test('more parts than a dispatch binds, two tables among them', async () => {
  const [rows, width, count] = [3, 32, 9]
  const source = { table: randomSource('q4_0', vocab, width, 1), other: randomSource('f32', vocab, width, 2) }
  const joined: Work = {
    tensors: {
      ...passTensors(rows, 0, tokens),
      x: { shape: [rows, width], data: randomRows(rows, width, 1) },
      gain: { shape: [width], data: randomRows(1, width, 2) },
      out: { shape: [rows, width * (count + 2)] },
    },
    read: ['out'],
    record: (ops, t, w) => {
      const norm = { gain: t('gain'), eps: 1e-5 }
      const many = Array.from({ length: count }, (): RowPart => ({ x: t('x'), norm }))
      const tables = ['table', 'other'].map((name): RowPart => ({ table: w(name), pass: pass(t, rows) }))
      ops.concat({ parts: [...tables, ...many], out: t('out'), rows })
    },
  }
  const [found, expected] = [
    await withWeights(both.device, source, (weights) => run(both.device, { ...joined, weights })),
    await withWeights(both.reference, source, (weights) => run(both.reference, { ...joined, weights })),
  ]
  expect(error(found[0] as Float32Array, expected[0] as Float32Array)).toBeLessThan(1e-12)
})
