import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { embedWgsl, lanes } from './embed.wgsl'

/** out[r, :] = table[token of row r, :], exactly the values that `linear` multiplies with: a dispatch for each part of the table. */
export function embed(recorder: Recorder, { table, pass, out }: Parameters<Ops['embed']>[0]): void {
  const { layout, shape, parts } = packedWeight(recorder.memory, table)
  const [vocab, width] = shape
  const units = Math.ceil(width / decoders[layout.decoder].unitInputs)
  for (const { buffer, firstPanel, panels } of parts)
    recorder.dispatch({
      label: 'embed',
      wgsl: variant(embedWgsl, layout.decoder),
      params: [width / 4, units, blocksAlong(layout, width), firstPanel, panels, vocab, pass.first],
      buffers: [...reads(buffer, pass.tokens, pass.index), ...writes(out)],
      workgroups: [Math.ceil(units / lanes), pass.rows],
    })
}
