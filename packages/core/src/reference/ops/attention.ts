import { OutriderError } from '../../errors'
import type { KvLayer, Norm, Pass } from '../../spec'
import { INDEX, MAX_PATH } from '../../spec'
import { type HostTensor, host } from '../memory'
import { normalise } from './dense'

interface Heads {
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
}

/** Rows of the pass that hold something. */
export function liveRows(pass: Pass): number {
  return Math.max(0, Math.min(pass.rows, (host(pass.index).words[INDEX.rows] as number) - pass.first))
}

/** Index of the first element of a head's vector in a cache [layers, 2, kvHeads, slots, headDim]. */
function cacheOffset(cache: KvLayer, which: 0 | 1, head: number, slot: number): number {
  const [, , kvHeads, slots, headDim] = cache.tensor.shape as [number, number, number, number, number]
  return (((cache.layer * 2 + which) * kvHeads + head) * slots + slot) * headDim
}

/** Rotates each pair (2i, 2i + 1) of a head vector by the table's angle for `position`. */
function rotate(head: Float32Array, position: number, table: Float32Array): void {
  for (let i = 0; i < head.length; i += 2) {
    const cosine = table[position * head.length + i] as number
    const sine = table[position * head.length + i + 1] as number
    const [a, b] = [head[i] as number, head[i + 1] as number]
    head[i] = a * cosine - b * sine
    head[i + 1] = a * sine + b * cosine
  }
}

/** Splits projected rows [row, (heads + 2·kvHeads) · headDim] into rotated queries and cache entries. */
export function placeHeads(
  projected: Float32Array,
  args: Heads & {
    readonly pass: Pass
    readonly q: HostTensor
    readonly cache: KvLayer
    readonly rope: HostTensor
    readonly headNorm?: { readonly q: Norm; readonly k: Norm } | undefined
  },
): void {
  const { heads, kvHeads, headDim, pass, q, cache } = args
  const index = host(pass.index).words
  const store = host(cache.tensor)
  const slots = cache.tensor.shape[3] as number
  const total = heads + 2 * kvHeads
  for (let r = 0; r < liveRows(pass); r++) {
    const position = index[INDEX.positions + pass.first + r] as number
    const slot = (index[INDEX.base] as number) + pass.first + r
    for (let h = 0; h < total; h++) {
      const vector = projected.slice((r * total + h) * headDim, (r * total + h + 1) * headDim)
      const isValue = h >= heads + kvHeads
      const norm = isValue ? undefined : h < heads ? args.headNorm?.q : args.headNorm?.k
      if (norm) normalise(vector, 0, headDim, norm, vector, 0)
      if (!isValue) rotate(vector, position, args.rope.floats)
      if (h < heads) q.floats.set(vector, (r * heads + h) * headDim)
      else if (slot < slots) {
        const offset = cacheOffset(cache, isValue ? 1 : 0, (h - heads) % kvHeads, slot)
        for (let d = 0; d < headDim; d++) store.store(offset + d, vector[d] as number)
      }
    }
  }
}

/** Softmax attention of each row over its own path, keys by absolute position. Throws `SHAPE_MISMATCH` for one beyond `pass.reach`. */
export function attend(
  args: Heads & { readonly q: HostTensor; readonly cache: KvLayer; readonly pass: Pass; readonly out: HostTensor },
): void {
  const { heads, kvHeads, headDim, pass, cache } = args
  const index = host(pass.index).words
  const kv = host(cache.tensor).floats
  const q = args.q.floats
  const out = args.out.floats
  const base = index[INDEX.base] as number
  const scale = 1 / Math.sqrt(headDim)
  for (let r = 0; r < liveRows(pass); r++) {
    const row = pass.first + r
    const keys = (index[INDEX.positions + row] as number) + 1
    if (pass.reach !== undefined && keys > pass.reach)
      throw new OutriderError(
        'SHAPE_MISMATCH',
        `treeAttention: a row stands at position ${keys - 1}, but the pass reaches no further than ${pass.reach}: key programs by passReach`,
      )
    const slots = Array.from({ length: keys }, (_, p) =>
      p < base ? p : base + (index[INDEX.paths + row * MAX_PATH + p - base] as number),
    )
    for (let h = 0; h < heads; h++) {
      const kvHead = Math.floor(h / (heads / kvHeads))
      const at = (r * heads + h) * headDim
      const scores = slots.map((slot) => {
        const k = cacheOffset(cache, 0, kvHead, slot)
        let sum = 0
        for (let d = 0; d < headDim; d++) sum += (q[at + d] as number) * (kv[k + d] as number)
        return sum * scale
      })
      const peak = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
      const weights = scores.map((score) => Math.exp(score - peak))
      const total = weights.reduce((a, b) => a + b, 0)
      const mixed = new Float64Array(headDim)
      for (let j = 0; j < keys; j++) {
        const v = cacheOffset(cache, 1, kvHead, slots[j] as number)
        const share = (weights[j] as number) / total
        for (let d = 0; d < headDim; d++) mixed[d] = (mixed[d] as number) + share * (kv[v + d] as number)
      }
      out.set(mixed, at)
    }
  }
}
