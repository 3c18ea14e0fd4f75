import { reads } from '../../bindings'
import type { Recorder } from '../../recorder'
import { rowsOf } from '../concat/concat'
import { linear } from '../linear/linear'
import { product } from '../linear/product'
import { placeHeads } from './head-norm'
import { placeBuffers, placeValues, type Qkv } from './place'
import { qkvShaders } from './qkv.wgsl'

/**
 * Queries, keys and values of each row, rotated, keys and values appended to the cache: a dispatch for each weight. A head norm
 * needs whole heads, so with one the products go to memory first and a further dispatch places them.
 */
export function qkv(recorder: Recorder, given: Qkv): void {
  // Several products read the same rows.
  const args = given.weights.length > 1 ? { ...given, x: rowsOf(recorder, given.x, given.pass.rows) } : given
  if (args.headNorm) placeNormed(recorder, args, args.headNorm)
  else placeDirectly(recorder, args)
}

function placeDirectly(recorder: Recorder, args: Qkv): void {
  const { x, pass, norm, bias } = args
  const epilogue = { bias: bias !== undefined, halfCache: args.cache.tensor.dtype === 'f16' }
  let first = 0
  for (const weight of args.weights) {
    product(recorder, {
      label: 'qkv',
      x,
      weight,
      rows: pass.rows,
      norm,
      pass,
      shaders: qkvShaders,
      epilogue,
      params: [weight.shape[0], first, ...placeValues(args)],
      buffers: [...reads(bias), ...placeBuffers(args)],
    })
    first += weight.shape[0]
  }
}

function placeNormed(recorder: Recorder, args: Qkv, headNorm: NonNullable<Qkv['headNorm']>): void {
  const { x, pass, weights, heads, kvHeads, headDim, norm, bias } = args
  const out = recorder.scratch([pass.rows, (heads + 2 * kvHeads) * headDim], 'f32', 'qkv products')
  let column = 0
  for (const weight of weights) {
    const optional = { ...(norm && { norm }), ...(bias && { bias }) }
    linear(recorder, { x, weight, out, rows: pass.rows, pass, ...optional }, { column })
    column += weight.shape[0]
  }
  placeHeads(recorder, args, headNorm, out)
}
