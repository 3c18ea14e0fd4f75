import type { Ops, Pass } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { takeChoice } from '../argmax/choice'
import { takeTreeIndex } from '../tree-index/tree-index'
import { embedWgsl, lanesOf, type TokensOf } from './embed.wgsl'

/**
 * out[r, :] = table[token of row r, :], exactly the values that `linear` multiplies with: a dispatch for each part of the table. Where the
 * step before made the index of the tree, or chose the tokens and no more, that is done here.
 */
export function embed(recorder: Recorder, { table, pass, out }: Parameters<Ops['embed']>[0]): void {
  const { layout, shape, parts } = packedWeight(recorder.memory, table)
  const [vocab, width] = shape
  const units = Math.ceil(width / decoders[layout.decoder].unitInputs)
  const { tokens, buffers, count } = parts.length === 1 ? find(recorder, pass) : given(pass)
  for (const { buffer, firstPanel, panels } of parts)
    recorder.dispatch({
      label: 'embed',
      wgsl: variant(embedWgsl, { decoder: layout.decoder, tokens }),
      params: [width / 4, units, blocksAlong(layout, width), firstPanel, panels, vocab, pass.first, count],
      buffers: [...reads(buffer), ...writes(out), ...buffers],
      workgroups: [Math.ceil(units / lanesOf(tokens)), pass.rows + (tokens === 'tree' ? 1 : 0)],
    })
}

/** Where tokens are, what is bound to find them, and how many records a row has. */
interface Found {
  readonly tokens: TokensOf
  readonly buffers: readonly Binding[]
  readonly count: number
}

function find(recorder: Recorder, pass: Pass): Found {
  const { tokens, index, rows } = pass
  const made = takeTreeIndex(recorder, pass)
  if (made) {
    const { tree, sequence } = made
    const buffers = [...reads(tree.shape, sequence.history, sequence.length), ...writes(tokens, index)]
    return { tokens: 'tree', buffers, count: 0 }
  }
  const peaks = takeChoice(recorder, pass, rows)
  if (!peaks) return given(pass)
  return { tokens: 'records', buffers: [...reads(peaks.records, index), ...writes(tokens)], count: peaks.groups }
}

function given({ tokens, index }: Pass): Found {
  return { tokens: 'pass', buffers: reads(tokens, index), count: 0 }
}
