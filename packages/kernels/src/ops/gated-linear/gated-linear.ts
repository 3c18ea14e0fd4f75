import type { Ops } from '@outrider/core/spec'
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
    params: [{ u32: args.weight.shape[0] / 2 }],
    buffers: [{ buffer: args.out, access: 'read_write' }],
    output: args.out,
  })
}
