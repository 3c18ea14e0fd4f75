import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Param } from '../../recorder'

/** Arguments of `qkv`. */
export type Qkv = Parameters<Ops['qkv']>[0]

/** Values of `placeParams`. */
export function placeValues({ heads, kvHeads, headDim, cache }: Qkv): readonly Param[] {
  const slots = cache.tensor.shape[3] as number
  return [heads, kvHeads, headDim, cache.layer, slots]
}

/** What `placeBindings` binds. */
export function placeBuffers({ rope, q, cache }: Qkv): readonly Binding[] {
  return [...reads(rope.table), ...writes(q, cache.tensor)]
}
