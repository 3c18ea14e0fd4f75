import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { noteWriter, type Twin, twinBindings } from '../linear/twin'
import { halfTiles } from '../linear-f16/half-rows.wgsl'
import { blockInputs } from '../linear-i8/int8-rows.wgsl'
import { type CopyFormat, keysOf, partWords } from './form'
import { formFor, reachOf } from './form-for'
import { headVectors } from './head-vectors.wgsl'
import { treeAttentionWgsl } from './tree-attention.wgsl'

/**
 * FlashAttention over a KV cache for the rows of a tree (Dao et al. 2022), split over the keys where they are many. What a row
 * gets depends on the keys and values at its own positions alone: not on their slots, other rows, the capacity or the split.
 */
export function treeAttention(recorder: Recorder, args: Parameters<Ops['treeAttention']>[0]): void {
  const { q, cache, heads, kvHeads, headDim, pass, out } = args
  const form = formFor(recorder.device, args)
  const { dtype, group, shared, reach } = form
  const format: CopyFormat = recorder.arithmetic === 'f16' ? 'halves' : 'int8'
  const slots = cache.tensor.shape[3] as number
  const head = headVectors(dtype, headDim)
  const vectors = headDim / head.width
  const half = cache.layer * 2 * kvHeads * slots
  const parts = shared ? Math.ceil(reachOf(args) / keysOf(reach)) : 1
  const tiles = Math.ceil(pass.rows / form.rows)
  const tally = pass.rows * heads * parts * partWords(headDim)
  const met = shared ? writes(recorder.scratch([tally + (tiles * heads) / group], 'u32', 'attention parts')) : []
  const attend = (twin?: Twin): Dispatch => ({
    label: 'treeAttention',
    wgsl: variant(treeAttentionWgsl, { ...form, twin: twin && format }),
    params: [
      half * head.key.count,
      (half + kvHeads * slots) * vectors,
      slots,
      heads,
      pass.first,
      pass.rows,
      parts,
      halfTiles(heads * headDim),
      tally,
    ],
    buffers: [...reads(q, cache.tensor, cache.tensor, pass.index), ...writes(out), ...met, ...twinBindings(twin)],
    workgroups: [tiles, heads / group, parts],
  })
  // What writes `out` can write a copy too, where the product that reads it wants one.
  let twin: () => Twin | undefined = () => undefined
  const firstStep = recorder.count
  recorder.later(writes(out), () => attend(twin()))
  if (headDim % blockInputs === 0) twin = noteWriter(recorder, out, { firstStep, rows: pass.rows, pass, gains: false })
}
