import type { Ops } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { noteWriter, type Twin, twinBindings } from '../linear/twin'
import { halfTiles } from '../linear-f16/half-rows.wgsl'
import { blockInputs } from '../linear-i8/int8-rows.wgsl'
import { type CopyFormat, chunk, span } from './form'
import { formFor, reachOf } from './form-for'
import { headVectors } from './head-vectors.wgsl'
import { mergeWgsl } from './merge.wgsl'
import { treeAttentionWgsl } from './tree-attention.wgsl'

/**
 * FlashAttention over a KV cache for the rows of a tree (Dao et al. 2022), split over the keys where they are many. What a row
 * gets depends on the keys and values at its own positions alone: not on their slots, other rows, the capacity or the split.
 */
export function treeAttention(recorder: Recorder, args: Parameters<Ops['treeAttention']>[0]): void {
  const { q, cache, heads, kvHeads, headDim, pass, out } = args
  const form = formFor(recorder.device, args)
  const { dtype, group, partial, reach } = form
  const format: CopyFormat = recorder.arithmetic === 'f16' ? 'halves' : 'int8'
  const twinTiles = halfTiles(heads * headDim)
  const slots = cache.tensor.shape[3] as number
  const head = headVectors(dtype, headDim)
  const vectors = headDim / head.width
  const half = cache.layer * 2 * kvHeads * slots
  const parts = partial ? Math.ceil(reachOf(args) / (reach === 'chunk' ? chunk : span)) : 1
  const partials = [pass.rows, heads, parts, headDim + head.width] as const
  const left = partial ? recorder.scratch(partials, 'f32', 'attention partials') : out
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
      twinTiles,
    ],
    buffers: [...reads(q, cache.tensor, cache.tensor, pass.index), ...writes(left), ...twinBindings(twin)],
    workgroups: [Math.ceil(pass.rows / form.rows), heads / group, parts],
  })
  const teams = recorder.device.software ? 1 : Math.max(1, Math.floor(256 / vectors))
  const merge = (twin?: Twin): Dispatch => ({
    label: 'mergeAttention',
    wgsl: variant(mergeWgsl, { dtype, headDim, teams, reach, twin: twin && format }),
    params: [heads, pass.first, parts, twinTiles],
    buffers: [...reads(left, pass.index), ...writes(out), ...twinBindings(twin)],
    workgroups: [heads, pass.rows],
  })
  if (partial) recorder.dispatch(attend())
  // Whichever writes `out` can write a copy too, where the product that reads it wants one.
  let twin: () => Twin | undefined = () => undefined
  const firstStep = recorder.count
  recorder.later(writes(out), () => (partial ? merge : attend)(twin()))
  if (headDim % blockInputs === 0) twin = noteWriter(recorder, out, { firstStep, rows: pass.rows, pass, gains: false })
}
