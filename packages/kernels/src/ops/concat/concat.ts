import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { normaliseInto } from '../rms-norm/rms-norm'
import { copyColumnsWgsl } from './copy-columns.wgsl'

/** Puts the rows of the parts beside each other, one dispatch a part. */
export function concat(recorder: Recorder, { parts, out, rows }: Parameters<Ops['concat']>[0]): void {
  const outWidth = out.shape[1] as number
  let column = 0
  for (const { x, norm } of parts) {
    const width = x.shape[1] as number
    if (norm) normaliseInto(recorder, 'concat', { x, norm, out, rows, column })
    else
      recorder.dispatch({
        label: 'concat',
        wgsl: copyColumnsWgsl,
        params: [{ u32: width }, { u32: outWidth }, { u32: column }],
        buffers: [
          { buffer: x, access: 'read' },
          { buffer: out, access: 'read_write' },
        ],
        workgroups: [Math.ceil(width / 256), rows],
      })
    column += width
  }
}
