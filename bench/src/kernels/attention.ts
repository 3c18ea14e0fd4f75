import type { ModelShape } from '../model-shapes'
import { fillCache } from '../random-cache'
import type { BenchCase, BenchGroup } from './bench-case'
import { chainPass } from './chain-pass'
import { inAndOut } from './linear'
import { copies, opened } from './turns'

/** Attention of a chain of rows behind `context` committed keys, every layer of a cache in turn. */
export function attentionGroup(name: string, shape: ModelShape, context: number): BenchGroup {
  const { heads, kvHeads, headDim } = shape
  return {
    op: 'treeAttention',
    shape: `${name} ${heads}/${kvHeads}x${headDim} ${context} keys`,
    dtype: 'kv',
    computed: false,
    open: (place) =>
      opened(async (owned) => {
        const { backend } = place
        const { cacheType, maxTensorBytes } = backend.info
        const slots = context + Math.max(...place.rows)
        const bytes = cacheType === 'f16' ? 2 : 4
        const layerBytes = 2 * kvHeads * slots * headDim * bytes
        const layers = Math.min(copies(place.rotatedBytes, layerBytes), Math.floor(maxTensorBytes / layerBytes))
        const tensor = owned.add(backend.tensor([layers, 2, kvHeads, slots, headDim], cacheType, 'cache'))
        await fillCache(backend, tensor)
        const { x: q, out } = inAndOut(place, owned, heads * headDim, heads * headDim)
        return {
          cases: place.rows.map((rows): BenchCase => {
            const pass = chainPass(backend, owned, rows, context)
            const keys = rows * context + (rows * (rows + 1)) / 2
            return {
              rows,
              rotation: layers,
              bytes: 2 * kvHeads * (context + rows) * headDim * bytes + 8 * rows * heads * headDim,
              flops: 4 * keys * heads * headDim,
              record: (ops, turn) =>
                ops.treeAttention({ q, cache: { tensor, layer: turn % layers }, heads, kvHeads, headDim, pass, out }),
            }
          }),
        }
      }),
  }
}
