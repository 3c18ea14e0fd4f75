import type { Backend, Ops, Owned, Tensor, Weight } from '@outrider/core'
import type { GeneratedFormat } from '../random-weights'
import type { BenchCase, BenchGroup, BenchPlace } from './bench-case'
import { activations, opened, weightsInTurn } from './turns'

/** Layers of the 8B and the 1B shape, the 8B's LM head among them. */
const shapes: readonly (readonly [inputs: number, outputs: number])[] = [
  [4096, 14336],
  [14336, 4096],
  [4096, 4096],
  [4096, 1024],
  [4096, 128256],
  [2048, 2048],
  [2048, 8192],
  [8192, 2048],
  [2048, 512],
]

/** Products of every layer's shape. `own` replaces the shapes. */
export function linearGroups(
  formats: readonly GeneratedFormat[],
  own: readonly (readonly [inputs: number, outputs: number])[] = shapes,
): readonly BenchGroup[] {
  return own.flatMap(([inputs, outputs]) => formats.map((format) => linearGroup(format, inputs, outputs)))
}

function linearGroup(dtype: GeneratedFormat, inputs: number, outputs: number): BenchGroup {
  return {
    op: 'linear',
    shape: `${inputs}x${outputs}`,
    dtype,
    computed: dtype !== 'f16',
    open: (place) =>
      opened(async (owned) => {
        const weights = await weightsInTurn(place, owned, dtype, [outputs, inputs])
        const { x, out } = inAndOut(place, owned, inputs, outputs)
        return {
          cases: productCases(place.rows, weights, inputs, outputs, outputs, (ops, weight, rows) =>
            ops.linear({ x, weight, out, rows }),
          ),
        }
      }),
  }
}

/** Activations for the largest number of rows. */
export function inAndOut(
  { backend, rows }: { readonly backend: Backend; readonly rows: readonly number[] },
  owned: Owned,
  inputs: number,
  outputs: number,
): { readonly x: Tensor; readonly out: Tensor } {
  const most = Math.max(...rows)
  const x = activations(backend, owned, [most, inputs], 'x')
  return { x, out: owned.add(backend.tensor([most, outputs], 'f32', 'out')) }
}

/** A product's cases by rows; `products` outputs are computed of which `stored` values are written a row. */
export function productCases(
  rows: BenchPlace['rows'],
  weights: readonly Weight[],
  inputs: number,
  products: number,
  stored: number,
  record: (ops: Ops, weight: Weight, rows: number, turn: number) => void,
): readonly BenchCase[] {
  const [first] = weights as readonly [Weight]
  return rows.map((count) => ({
    rows: count,
    rotation: weights.length,
    bytes: first.bytes + 4 * count * (inputs + stored),
    flops: 2 * count * inputs * products,
    record: (ops, turn) => record(ops, weights[turn % weights.length] as Weight, count, turn),
  }))
}
