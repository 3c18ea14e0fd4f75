import type { Ops } from '@outrider/core/spec'
import type { Binding, Param } from '../../recorder'

/** Arguments of `qkv`. */
export type Qkv = Parameters<Ops['qkv']>[0]

/** Values of `placeParams`. */
export function placeValues({ heads, kvHeads, headDim, cache }: Qkv): readonly Param[] {
  const slots = cache.tensor.shape[3] as number
  return [{ u32: heads }, { u32: kvHeads }, { u32: headDim }, { u32: cache.layer }, { u32: slots }]
}

/** What `placeBindings` binds. */
export function placeBuffers({ rope, q, cache }: Qkv): readonly Binding[] {
  return [
    { buffer: rope.table, access: 'read' },
    { buffer: q, access: 'read_write' },
    { buffer: cache.tensor, access: 'read_write' },
  ]
}
