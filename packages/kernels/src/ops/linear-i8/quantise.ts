import type { Norm, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { blockInputs, rowVectors } from './int8-rows.wgsl'
import { quantiseRowsWgsl } from './quantise.wgsl'

/** The first `rows` rows of norm(x) as int8 with scales: u32 [rows, vec4s of a row, 4]. */
export function quantised(recorder: Recorder, x: Tensor, rows: number, norm: Norm | undefined): Tensor {
  const inputs = x.shape[1] as number
  const int8 = recorder.scratch([rows, rowVectors(inputs), 4], 'u32', 'int8 activations')
  recorder.dispatch({
    label: 'quantise',
    wgsl: variant(quantiseRowsWgsl, { norm: norm !== undefined }),
    params: [{ u32: inputs / blockInputs }, { f32: 1 / inputs }, { f32: norm?.eps ?? 0 }],
    buffers: [
      { buffer: x, access: 'read' },
      { buffer: int8, access: 'read_write' },
      ...(norm ? [{ buffer: norm.gain, access: 'read' } as const] : []),
    ],
    workgroups: [rows],
  })
  return int8
}
