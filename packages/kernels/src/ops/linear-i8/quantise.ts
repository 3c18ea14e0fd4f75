import type { Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import type { Product } from '../linear/product-args'
import { copied } from '../linear/twin'
import { blockInputs } from './int8-rows.wgsl'
import { groupBlocks, quantiseRowsWgsl } from './quantise.wgsl'

/** The rows of a product's x · gain as int8: u32 [rows, blocks, words of a block]. */
export function quantised<E>(recorder: Recorder, args: Product<E>): Tensor {
  const { x, rows } = args
  const blocks = (x.shape[1] as number) / blockInputs
  return copied(recorder, args, (gain) => ({
    label: 'quantise',
    wgsl: variant(quantiseRowsWgsl, { norm: gain !== undefined }),
    params: [blocks],
    workgroups: [Math.ceil(blocks / groupBlocks), rows],
  }))
}
