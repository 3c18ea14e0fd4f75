import type { Backend, Weight, WeightSource } from '@outrider/core/spec'
import { expect } from 'vitest'
import { pass, passTensors } from './passes'
import { among, randomRows, rowCases } from './rows'
import { run, withWeights, words } from './run'

/** What `linear` is to do besides the product. */
export interface LinearOptions {
  readonly norm?: boolean
  readonly bias?: boolean
  readonly accumulate?: boolean
  readonly addend?: boolean
  /** Rows in use, where there is a pass. */
  readonly live?: number
  /** What each row of `out` holds before: f32 [outputs]. */
  readonly start?: Float32Array
}

/** out [rows, outputs] after `linear` of `data` [rows, inputs]. */
export async function linear(
  backend: Backend,
  weight: Weight,
  data: Float32Array,
  rows: number,
  { norm = false, bias = false, accumulate = false, addend = false, live, start }: LinearOptions = {},
): Promise<Float32Array> {
  const [n, k] = weight.shape
  const before = Float32Array.from({ length: rows * n }, (_, i) => start?.[i % n] ?? ((i % n) % 7) - 3)
  const [out] = await run(backend, {
    tensors: {
      x: { shape: [rows, k], data },
      out: { shape: [rows, n], data: before },
      gain: { shape: [k], data: randomRows(1, k, 5) },
      bias: { shape: [n], data: randomRows(1, n, 6) },
      addend: { shape: [rows, n], data: randomRows(rows, n, 7) },
      ...passTensors(live ?? rows),
    },
    read: ['out'],
    record: (ops, tensor) =>
      ops.linear({
        x: tensor('x'),
        weight,
        out: tensor('out'),
        rows,
        accumulate,
        ...(norm && { norm: { gain: tensor('gain'), eps: 1e-5 } }),
        ...(bias && { bias: tensor('bias') }),
        ...(addend && { addend: tensor('addend') }),
        ...(live !== undefined && { pass: pass(tensor, rows) }),
      }),
  })
  return out as Float32Array
}

/** The same matrix on two backends. */
export async function both<T>(
  [first, second]: readonly [Backend, Backend],
  source: WeightSource,
  body: (first: Weight, second: Weight) => Promise<T>,
): Promise<T> {
  return withWeights(first, { w: source }, ({ w }) => withWeights(second, { w: source }, (other) => body(w!, other.w!)))
}

/** Holds a row of `linear` among others to the bits that it has alone. */
export async function expectAlone(
  device: Backend,
  source: WeightSource,
  options: LinearOptions,
  counts: Parameters<typeof rowCases>[0],
): Promise<void> {
  await withWeights(device, { w: source }, async ({ w }) => {
    const [outputs, inputs] = source.shape
    const row = randomRows(1, inputs, 12)
    const start = randomRows(1, outputs, 4)
    const alone = words(await linear(device, w!, row, 1, { ...options, start }))
    for (const { rows, live, here, neighbour } of rowCases(counts)) {
      const x = among(row, rows, here, neighbour)
      const out = words(await linear(device, w!, x, rows, { ...options, live, start }))
      for (let place = 0; place < live; place++)
        if (here(place))
          expect(
            out.subarray(place * outputs, (place + 1) * outputs),
            `${rows} rows, place ${place}, ${neighbour}`,
          ).toEqual(alone)
    }
  })
}
