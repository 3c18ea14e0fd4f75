import type { Norm, Ops, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { rmsNormWgsl } from './rms-norm.wgsl'

/** Normalises each row. */
export function rmsNorm(recorder: Recorder, { x, norm, out, rows }: Parameters<Ops['rmsNorm']>[0]): void {
  normaliseInto(recorder, 'rmsNorm', { x, norm, out, rows, column: 0 })
}

/** Normalises each row of x into the columns of `out` from `column` on. */
export function normaliseInto(
  recorder: Recorder,
  label: string,
  args: { x: Tensor; norm: Norm; out: Tensor; rows: number; column: number },
): void {
  const { x, norm, out, rows, column } = args
  const [width, outWidth] = [x.shape[1] as number, out.shape[1] as number]
  const inPlace = x === out
  recorder.dispatch({
    label,
    wgsl: variant(rmsNormWgsl, { inPlace }),
    params: [width, outWidth, column, { f32: 1 / width }, { f32: norm.eps }],
    buffers: inPlace ? [...reads(norm.gain), ...writes(out)] : [...reads(norm.gain, x), ...writes(out)],
    workgroups: [rows],
  })
}
