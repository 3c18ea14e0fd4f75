import type { Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import type { Product } from '../linear/product-args'
import { copied } from '../linear/twin'
import { halfTiles, halveRowsWgsl, tilesAtOnce } from './half-rows.wgsl'

/** The rows of a product's x · gain as halves: u32 as `halfShape` says. */
export function halved<E>(recorder: Recorder, args: Product<E>): Tensor {
  const { x, rows } = args
  const inputs = x.shape[1] as number
  const tiles = halfTiles(inputs)
  return copied(recorder, args, (gain) => ({
    label: 'halve',
    wgsl: variant(halveRowsWgsl, { gain: gain !== undefined }),
    params: [inputs / 4, tiles],
    workgroups: [tiles / tilesAtOnce, rows],
  }))
}
