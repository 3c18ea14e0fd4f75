import type { Tensor } from '@outrider/core/spec'
import { reads } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { headNormWgsl } from './head-norm.wgsl'
import { placeBuffers, placeValues, type Qkv } from './place'

/** Normalises the heads of q and k in `products` [row, (heads + 2 · kvHeads) · headDim], rotates and stores them: a workgroup a head. */
export function placeHeads(
  recorder: Recorder,
  args: Qkv,
  headNorm: NonNullable<Qkv['headNorm']>,
  products: Tensor,
): void {
  const { pass, heads, kvHeads, headDim, cache } = args
  recorder.dispatch({
    label: 'qkv heads',
    wgsl: variant(headNormWgsl, { halfCache: cache.tensor.dtype === 'f16' }),
    params: [pass.first, { f32: 1 / headDim }, { f32: headNorm.q.eps }, { f32: headNorm.k.eps }, ...placeValues(args)],
    buffers: [...reads(products, headNorm.q.gain, headNorm.k.gain, pass.index), ...placeBuffers(args)],
    workgroups: [heads + 2 * kvHeads, pass.rows],
  })
}
