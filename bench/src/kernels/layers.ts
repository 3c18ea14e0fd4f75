import type { Norm } from '@outrider/core'
import type { ModelShape } from '../model-shapes'
import type { GeneratedFormat } from '../random-weights'
import type { BenchGroup } from './bench-case'
import { chainPass } from './chain-pass'
import { inAndOut, productCases } from './linear'
import { activations, opened, weightsInTurn } from './turns'

/** Committed positions before the rows of qkv: they cost nothing, rows only need slots. */
const context = 0

/** The input side of attention: normalisation, product, rotation and the append to the cache. */
export function qkvGroup(name: string, dtype: GeneratedFormat, shape: ModelShape): BenchGroup {
  const { hidden, heads, kvHeads, headDim } = shape
  const products = (heads + 2 * kvHeads) * headDim
  return {
    op: 'qkv',
    shape: `${name} ${hidden}x${products}`,
    dtype,
    computed: dtype !== 'f16',
    open: (place) =>
      opened(async (owned) => {
        const { backend } = place
        const most = Math.max(...place.rows)
        const weights = await weightsInTurn(place, owned, dtype, [products, hidden])
        const { x, out: q } = inAndOut(place, owned, hidden, heads * headDim)
        const norm = normOf(activations(backend, owned, [hidden], 'gain'))
        const table = activations(backend, owned, [context + most, headDim], 'rope table')
        const tensor = owned.add(
          backend.tensor([1, 2, kvHeads, context + most, headDim], backend.info.cacheType, 'cache'),
        )
        const passes = new Map(place.rows.map((rows) => [rows, chainPass(backend, owned, rows, context)]))
        return {
          cases: productCases(place.rows, weights, hidden, products, products, (ops, weight, rows) =>
            ops.qkv({
              x,
              weights: [weight],
              heads,
              kvHeads,
              headDim,
              rope: { table },
              pass: passes.get(rows) as NonNullable<ReturnType<typeof passes.get>>,
              q,
              cache: { tensor, layer: 0 },
              norm,
            }),
          ),
        }
      }),
  }
}

/** Normalisation, gate and up, and SwiGLU. */
export function gatedGroup(name: string, dtype: GeneratedFormat, { hidden, intermediate }: ModelShape): BenchGroup {
  return {
    op: 'gatedLinear',
    shape: `${name} ${hidden}x2x${intermediate}`,
    dtype,
    computed: dtype !== 'f16',
    open: (place) =>
      opened(async (owned) => {
        const weights = await weightsInTurn(place, owned, dtype, [2 * intermediate, hidden])
        const { x, out } = inAndOut(place, owned, hidden, intermediate)
        const norm = normOf(activations(place.backend, owned, [hidden], 'gain'))
        return {
          cases: productCases(place.rows, weights, hidden, 2 * intermediate, intermediate, (ops, weight, rows) =>
            ops.gatedLinear({ x, weight, out, rows, norm }),
          ),
        }
      }),
  }
}

/** The normalisation by itself. */
export function rmsNormGroup(name: string, { hidden }: ModelShape): BenchGroup {
  return {
    op: 'rmsNorm',
    shape: `${name} ${hidden}`,
    dtype: 'f32',
    computed: false,
    open: (place) =>
      opened(async (owned) => {
        const { x, out } = inAndOut(place, owned, hidden, hidden)
        const norm = normOf(activations(place.backend, owned, [hidden], 'gain'))
        return {
          cases: place.rows.map((rows) => ({
            rows,
            rotation: 1,
            bytes: 4 * hidden * (2 * rows + 1),
            flops: 4 * rows * hidden,
            record: (ops) => ops.rmsNorm({ x, norm, out, rows }),
          })),
        }
      }),
  }
}

function normOf(gain: Norm['gain']): Norm {
  return { gain, eps: 1e-5 }
}
