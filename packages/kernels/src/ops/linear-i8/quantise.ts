import type { Norm, Pass, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { blockInputs } from './int8-rows.wgsl'
import { groupBlocks, quantiseRowsWgsl } from './quantise.wgsl'
import { currentTwin, keepTwin } from './twin'

/**
 * The first `rows` rows of x · gain as int8: u32 [rows, blocks, words of a block]. Where the program has them already, from the
 * op that wrote x or for another that reads it, they are not made again.
 */
export function quantised(
  recorder: Recorder,
  x: Tensor,
  rows: number,
  norm: Norm | undefined,
  pass: Pass | undefined,
): Tensor {
  const gain = norm?.gain
  const known = currentTwin(recorder, { x, rows, gain, pass })
  if (known) return known
  const blocks = (x.shape[1] as number) / blockInputs
  const int8 = keepTwin(recorder, { x, rows, gain, pass: undefined })
  recorder.dispatch({
    label: 'quantise',
    wgsl: variant(quantiseRowsWgsl, { norm: gain !== undefined }),
    params: [{ u32: blocks }],
    buffers: [
      { buffer: x, access: 'read' },
      { buffer: int8, access: 'read_write' },
      ...(gain ? [{ buffer: gain, access: 'read' } as const] : []),
    ],
    workgroups: [Math.ceil(blocks / groupBlocks), rows],
  })
  return int8
}
