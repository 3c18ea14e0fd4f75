import type { Ops } from '@outrider/core/spec'
import { writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { product } from '../linear/product'
import { gatedLinearShaders } from './gated-linear.wgsl'

/** SwiGLU of a product whose outputs alternate gate and up. */
export function gatedLinear(recorder: Recorder, args: Parameters<Ops['gatedLinear']>[0]): void {
  product(recorder, {
    ...args,
    label: 'gatedLinear',
    shaders: gatedLinearShaders,
    epilogue: null,
    params: [args.weight.shape[0] / 2],
    buffers: writes(args.out),
    output: args.out,
  })
}
