import { referenceBackend } from '@outrider/core/reference'
import type { Backend, DType, Weight, WeightFormat, WeightSource } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pass, passTensors } from '../../../test/passes'
import { among, edgeCounts, everyCount, randomRows, rowCases, tileCounts } from '../../../test/rows'
import { error, fromHalves, run, withWeights, words } from '../../../test/run'
import { openSlices } from '../../../test/slices'
import { randomSource } from '../../../test/weight-source'
import { layouts } from '../../weights/layout'

let device: Backend
const reference = referenceBackend()
const shapes = [
  { headDim: 64, dtype: 'f16', rows: 8, base: 7, bias: true },
  { headDim: 36, dtype: 'f32', rows: 5, bias: true, norm: true },
  { headDim: 256, dtype: 'f16', rows: 2, base: 90 },
  { headDim: 64, dtype: 'f16', rows: 8, base: 7, live: 5 },
  { headDim: 64, dtype: 'f32', rows: 4, first: 5, live: 7, base: 7 },
  { headDim: 64, dtype: 'f16', rows: 9, base: 30, live: 8, headNorm: true, norm: true, bias: true },
  { headDim: 256, dtype: 'f32', rows: 2, headNorm: true },
  { headDim: 36, dtype: 'f16', rows: 3, first: 2, headNorm: true, norm: true },
] as const
const invariance = [
  { dtype: 'f16', options: { norm: true }, counts: everyCount },
  { dtype: 'f32', options: { bias: true }, counts: edgeCounts },
  { dtype: 'f16', options: { norm: true, headNorm: true }, counts: edgeCounts },
] as const
const paths = [
  {
    slices: 'serial',
    formats: Object.keys(layouts) as WeightFormat[],
    forms: shapes,
    rows: invariance,
  },
  {
    slices: 'parallel',
    formats: ['q4_0'],
    forms: shapes.slice(0, 1),
    rows: [{ ...invariance[0], counts: tileCounts }],
  },
] as const
const heads = 3
const kvHeads = 1
const layers = 2

interface Options {
  readonly headDim: number
  readonly dtype: DType
  readonly rows: number
  readonly live?: number
  readonly first?: number
  readonly base?: number
  readonly slots?: number
  readonly norm?: boolean
  readonly bias?: boolean
  readonly headNorm?: boolean
}

/** Cosine and sine by position and pair: f32 [positions, headDim / 2, 2]. */
function rotations(positions: number, headDim: number): Float32Array {
  const table = new Float32Array(positions * headDim)
  for (let position = 0; position < positions; position++)
    for (let i = 0; i < headDim; i += 2) {
      const angle = position * 10000 ** (-i / headDim)
      table[position * headDim + i] = Math.cos(angle)
      table[position * headDim + i + 1] = Math.sin(angle)
    }
  return table
}

/** Queries [rows, heads, headDim] and layer 1 of the cache [2, kvHeads, slots, headDim], both as numbers; 0.5 where nothing was written. */
async function qkv(
  backend: Backend,
  weights: readonly Weight[],
  data: Float32Array,
  { headDim, dtype, rows, live, first = 0, base = 0, slots = 96, norm, bias, headNorm }: Options,
): Promise<{ q: Float32Array; cache: Float32Array }> {
  const total = (heads + 2 * kvHeads) * headDim
  const inputs = weights[0]!.shape[1]
  const size = layers * 2 * kvHeads * slots * headDim
  const empty = dtype === 'f16' ? new Uint16Array(size).fill(0x3800) : new Float32Array(size).fill(0.5)
  const [q, cache] = await run(backend, {
    tensors: {
      x: { shape: [rows, inputs], data },
      q: { shape: [rows, heads * headDim], data: new Float32Array(rows * heads * headDim).fill(0.5) },
      cache: { shape: [layers, 2, kvHeads, slots, headDim], dtype, data: empty },
      rope: { shape: [slots + rows, headDim / 2, 2], data: rotations(slots + rows, headDim) },
      gain: { shape: [inputs], data: randomRows(1, inputs, 5) },
      bias: { shape: [total], data: randomRows(1, total, 6) },
      gainQ: { shape: [headDim], data: randomRows(1, headDim, 7) },
      gainK: { shape: [headDim], data: randomRows(1, headDim, 8) },
      ...passTensors(live ?? first + rows, base),
    },
    read: ['q', 'cache'],
    record: (ops, tensor) =>
      ops.qkv({
        x: tensor('x'),
        weights,
        heads,
        kvHeads,
        headDim,
        rope: { table: tensor('rope') },
        pass: pass(tensor, rows, first),
        q: tensor('q'),
        cache: { tensor: tensor('cache'), layer: 1 },
        ...(norm && { norm: { gain: tensor('gain'), eps: 1e-5 } }),
        ...(bias && { bias: tensor('bias') }),
        ...(headNorm && {
          headNorm: { q: { gain: tensor('gainQ'), eps: 1e-6 }, k: { gain: tensor('gainK'), eps: 1e-5 } },
        }),
      }),
  })
  const values = cache instanceof Uint16Array ? fromHalves(cache) : (cache as Float32Array)
  expect(
    values.subarray(0, size / layers).every((value) => value === 0.5),
    'layer 0 is left alone',
  ).toBe(true)
  return { q: q as Float32Array, cache: values.subarray(size / layers) }
}

/** One source of all outputs, or one for each of q, k and v, of different formats. */
function sources(format: WeightFormat, headDim: number, inputs: number, apart: boolean): Record<string, WeightSource> {
  const kv = kvHeads * headDim
  if (!apart) return { all: randomSource(format, heads * headDim + 2 * kv, inputs, 3) }
  return {
    q: randomSource(format, heads * headDim, inputs, 3),
    k: randomSource(format, kv, inputs, 4),
    v: randomSource('f16', kv, inputs, 5),
  }
}

async function compare(format: WeightFormat, inputs: number, apart: boolean, options: Options): Promise<void> {
  const x = randomRows(options.rows, inputs, options.rows)
  const [found, expected] = await Promise.all(
    [device, reference].map((backend) =>
      withWeights(backend, sources(format, options.headDim, inputs, apart), (weights) =>
        qkv(backend, Object.values(weights), x, options),
      ),
    ),
  )
  expect(error(found!.q, expected!.q)).toBeLessThan(1e-11)
  expect(error(found!.cache, expected!.cache)).toBeLessThan(options.dtype === 'f16' ? 1e-7 : 1e-11)
  const untouched = (values: Float32Array): number[] => [...values].flatMap((value, i) => (value === 0.5 ? [i] : []))
  expect(untouched(found!.cache)).toEqual(untouched(expected!.cache))
}

describe.each(paths)('$slices slices', ({ slices, formats, forms, rows }) => {
  beforeAll(async () => {
    device = await openSlices(slices)
  })
  afterAll(() => device.dispose())

  test.each<WeightFormat>([...formats])('%s equals the reference', async (format) => {
    await compare(format, 256, false, { headDim: 32, dtype: 'f16', rows: 3, norm: true })
    await compare(format, 256, true, { headDim: 32, dtype: 'f32', rows: 9, base: 20 })
  })

  test.each([...forms])('$headDim $dtype, $rows rows equals the reference: %o', async (options) => {
    await compare('q8_0', 96, options.dtype === 'f32', options)
  })

  test('rows beyond the cache are dropped', async () => {
    const written = await Promise.all(
      [device, reference].map((backend) =>
        withWeights(backend, sources('q4_0', 32, 64, false), async (weights) => {
          const options = { headDim: 32, dtype: 'f16', rows: 4, base: 94, norm: true } as const
          const { cache } = await qkv(backend, Object.values(weights), randomRows(4, 64, 1), options)
          return [...cache].flatMap((value, i) => (value === 0.5 ? [] : [Math.floor(i / 32)]))
        }),
      ),
    )
    for (const places of written) expect([...new Set(places)]).toEqual([94, 95, 96 + 94, 96 + 95])
  })

  test.each([...rows])('a row does not feel the others, $dtype cache, $options', async ({ dtype, options, counts }) => {
    const [headDim, inputs] = [32, 160]
    const width = heads * headDim
    await withWeights(device, sources('q4_0', headDim, inputs, false), async (named) => {
      const weights = Object.values(named)
      const row = randomRows(1, inputs, 12)
      // The row's position stays the same wherever it stands: base + place = 260.
      const [position, slots] = [260, 280]
      const at = async (rows: number, live: number, place: number, data: Float32Array) => {
        const { q, cache } = await qkv(device, weights, data, {
          headDim,
          dtype,
          rows,
          live,
          base: position - place,
          slots,
          ...options,
        })
        const slot = position * headDim
        return [
          words(q.slice(place * width, (place + 1) * width)),
          words(cache.slice(slot, slot + headDim)),
          words(cache.slice(slots * headDim + slot, slots * headDim + slot + headDim)),
        ]
      }
      const alone = await at(1, 1, 0, row)
      for (const { rows, live, here, neighbour } of rowCases(counts)) {
        const places = Array.from({ length: live }, (_, place) => place).filter(here)
        const place = places[(rows * 7) % places.length]!
        const found = await at(rows, live, place, among(row, rows, here, neighbour))
        expect(found, `${rows} rows, place ${place}, ${neighbour}`).toEqual(alone)
      }
    })
  })

  test('weights that are not whole heads are refused', async () => {
    const parts = { a: randomSource('f32', 100, 64, 1), b: randomSource('f32', 60, 64, 1) }
    await withWeights(device, parts, async (weights) => {
      const options = { headDim: 32, dtype: 'f16', rows: 1 } as const
      await expect(qkv(device, Object.values(weights), randomRows(1, 64, 1), options)).rejects.toMatchObject({
        code: 'SHAPE_MISMATCH',
      })
    })
  })
})
