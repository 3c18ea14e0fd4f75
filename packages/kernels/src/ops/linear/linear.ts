import type { Ops, Tensor } from '@outrider/core/spec'
import type { Binding, Recorder } from '../../recorder'
import type { MatrixTile } from '../linear-f16/matrix-tile'
import type { DotTile } from '../linear-i8/dot-tile'
import { linearShaders } from './linear.wgsl'
import { product } from './product'
import type { Tile } from './tile'

/** What other ops and benches may ask of `linear` beside the contract. */
export interface LinearOptions {
  /** Instead of the tiles that suit rows and width; the bits stay the same, but for `matrixTile`'s. */
  readonly tile?: Tile
  readonly dotTile?: DotTile
  readonly matrixTile?: MatrixTile
  /** Column of `out` that output 0 goes to; `bias` is read from there on too. */
  readonly column?: number
}

/** out[r, column + n] (+)= Σ_k weight[n, k] · norm(x[r, :])[k] + bias[column + n]. */
export function linear(recorder: Recorder, args: Parameters<Ops['linear']>[0], options: LinearOptions = {}): void {
  const { bias, out, accumulate = false } = args
  const reads: readonly Tensor[] = bias ? [bias] : []
  product(recorder, {
    ...args,
    label: 'linear',
    shaders: linearShaders,
    epilogue: { bias: bias !== undefined, accumulate },
    params: [{ u32: args.weight.shape[0] }, { u32: out.shape[1] as number }, { u32: options.column ?? 0 }],
    buffers: [...reads.map((buffer): Binding => ({ buffer, access: 'read' })), { buffer: out, access: 'read_write' }],
    output: args.weight.shape[0] === out.shape[1] ? out : undefined,
    tile: options.tile,
    dotTile: options.dotTile,
    matrixTile: options.matrixTile,
  })
}
