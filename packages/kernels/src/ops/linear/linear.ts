import type { Ops, Weight } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Param, Recorder } from '../../recorder'
import { packedWeight } from '../../weights/packed-weight'
import type { MatrixTile } from '../linear-f16/matrix-tile'
import type { DotTile } from '../linear-i8/dot-tile'
import { blockInputs } from '../linear-i8/int8-rows.wgsl'
import { tileFor } from './float-product'
import { type LinearForm, linearShaders } from './linear.wgsl'
import { notePeaks, type Peaks } from './peaks'
import { isFloat, product } from './product'
import type { Product } from './product-args'
import type { Tile } from './tile'
import { noteWriter, type Twin, twinBindings, twinForm } from './twin'

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
  const { bias, addend, out, accumulate = false, weight, rows } = args
  const whole = weight.shape[0] === out.shape[1]
  const epilogue: LinearForm = {
    bias: bias !== undefined,
    adds: accumulate ? 'out' : addend ? 'addend' : null,
    peaks: 'none',
    twin: 'none',
  }
  const params: readonly Param[] = [weight.shape[0], out.shape[1] as number, options.column ?? 0]
  const buffers = [...reads(bias, addend), ...writes(out)]
  // Matrices of halves keep none, a tile that was asked for may be any, and rows that are put together bind enough as it is.
  const room =
    recorder.device.limits.maxStorageBuffersPerShaderStage -
    (2 + (args.norm ? 1 : 0) + (args.pass ? 1 : 0) + buffers.length)
  const may = whole && 'shape' in args.x && recorder.arithmetic !== 'f16' && !options.tile && !options.dotTile
  const keeps = may && room >= 2
  const twins = may && room >= 4 && keepsTwin(recorder, weight, rows)
  let asked: () => Peaks | undefined = () => undefined
  let twin: () => Twin | undefined = () => undefined
  const firstStep = recorder.count
  product(recorder, {
    ...args,
    label: 'linear',
    shaders: linearShaders,
    epilogue,
    params,
    buffers,
    late: keeps ? () => beside(recorder, { epilogue, params, buffers }, asked(), twin()) : undefined,
    output: whole ? out : undefined,
    tile: options.tile,
    dotTile: options.dotTile,
    matrixTile: options.matrixTile,
  })
  if (keeps) asked = notePeaks(recorder, out, { weight, rows, firstStep })
  if (twins) twin = noteWriter(recorder, out, { firstStep, rows, pass: args.pass, gains: true })
}

/** Whether what is stored can be copied: in `f32` always, as int8 by a weight of floats whose tiles hold whole blocks. */
function keepsTwin(recorder: Recorder, weight: Weight, rows: number): boolean {
  if (recorder.arithmetic === 'f32') return true
  const packed = packedWeight(recorder.memory, weight)
  if (!isFloat(packed.layout) || packed.shape[0] % blockInputs !== 0) return false
  return packed.parts.every(({ panels }) => {
    const { lanes, pairs } = tileFor(recorder, { weight, rows }, panels)
    return (2 * lanes * pairs) % blockInputs === 0
  })
}

type Ending = Pick<Product<LinearForm>, 'epilogue' | 'params' | 'buffers'>

/** With what is kept beside the output. */
function beside(
  { arithmetic }: Recorder,
  { epilogue, params, buffers }: Ending,
  peaks: Peaks | undefined,
  twin: Twin | undefined,
): Ending {
  return {
    epilogue: {
      ...epilogue,
      peaks: peaks ? (peaks.targetIds ? 'mapped' : 'plain') : 'none',
      twin: twin && arithmetic === 'f32' ? 'scaled' : twinForm(twin),
    },
    params: peaks ? [...params, peaks.groups, peaks.pairs] : params,
    buffers: [...buffers, ...writes(peaks?.records), ...reads(peaks?.targetIds), ...twinBindings(twin)],
  }
}
