import type { Norm, Ops, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkNorm, checkRows, widthOf } from '../check'
import { rmsNormWgsl } from './rms-norm.wgsl'

/** Normalises each row. Throws `SHAPE_MISMATCH`. */
export function rmsNorm(recorder: Recorder, { x, norm, out, rows }: Parameters<Ops['rmsNorm']>[0]): void {
  const width = widthOf('rmsNorm', x)
  checkRows('rmsNorm', out, rows, width)
  normaliseInto(recorder, 'rmsNorm', { x, norm, out, rows, column: 0 })
}

/** Normalises each row of x into the columns of `out` from `column` on. */
export function normaliseInto(
  recorder: Recorder,
  op: string,
  args: { x: Tensor; norm: Norm; out: Tensor; rows: number; column: number },
): void {
  const { x, norm, out, rows, column } = args
  const width = widthOf(op, x)
  checkCount(op, 'rows', rows, 1, 65535)
  checkCount(op, 'width', width, 1, 16384)
  checkRows(op, x, rows, width)
  checkNorm(op, norm, width)
  const inPlace = x === out
  recorder.dispatch({
    label: op,
    wgsl: rmsNormWgsl(recorder.device, inPlace),
    params: [{ u32: width }, { u32: widthOf(op, out) }, { u32: column }, { f32: 1 / width }, { f32: norm.eps }],
    buffers: inPlace
      ? [
          { buffer: norm.gain, access: 'read' },
          { buffer: out, access: 'read_write' },
        ]
      : [
          { buffer: norm.gain, access: 'read' },
          { buffer: x, access: 'read' },
          { buffer: out, access: 'read_write' },
        ],
    workgroups: [rows],
  })
}
