import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { checkCount, checkRows, widthOf } from '../check'
import { normaliseInto } from '../rms-norm/rms-norm'
import { copyColumnsWgsl } from './copy-columns.wgsl'

/** Puts the rows of the parts beside each other, one dispatch a part. Throws `SHAPE_MISMATCH`. */
export function concat(recorder: Recorder, { parts, out, rows }: Parameters<Ops['concat']>[0]): void {
  checkCount('concat', 'rows', rows, 1, 65535)
  const widths = parts.map(({ x }) => widthOf('concat', x))
  const outWidth = widths.reduce((sum, width) => sum + width, 0)
  checkRows('concat', out, rows, outWidth)
  let column = 0
  parts.forEach(({ x, norm }, i) => {
    const width = widths[i] as number
    checkRows('concat', x, rows, width)
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
  })
}
