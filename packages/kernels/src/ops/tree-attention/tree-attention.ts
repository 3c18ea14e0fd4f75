import type { Ops } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { kvWords } from '../kv-words'
import { treeAttentionWgsl } from './tree-attention.wgsl'

/** Bounds of the query heads of a workgroup: registers of a lane, and 16 KB of workgroup memory. */
const mostHeads = 8
const mostElements = 1024

/** A general processor pays for every lane of a workgroup, a GPU for every tile, and every load, that waits for the one before. */
const oneTeam = { teams: 1, lanes: 16, ahead: 1 } as const
const fourTeams = { teams: 4, lanes: 64, ahead: 16 } as const

/** Query heads that a workgroup takes: as many of those that share a key head as fit, in equal parts. */
function headGroup(sharing: number, headDim: number): number {
  let group = Math.min(sharing, mostHeads, Math.floor(mostElements / headDim))
  while (sharing % group !== 0) group--
  return group
}

/**
 * FlashAttention over a KV cache for the rows of a tree (Dao et al. 2022). What a row gets depends on the keys and values at
 * its own positions alone: not on their slots, other rows or the capacity.
 */
export function treeAttention(recorder: Recorder, args: Parameters<Ops['treeAttention']>[0]): void {
  const { q, cache, heads, kvHeads, headDim, pass, out } = args
  const { dtype, shape } = cache.tensor
  const slots = shape[3] as number
  const words = kvWords(dtype, headDim).count
  const group = headGroup(heads / kvHeads, headDim)
  const half = kvHeads * slots * words // words of a layer's keys, and of its values
  const form = {
    dtype: dtype as 'f16' | 'f32',
    headDim,
    group,
    groups: heads / kvHeads / group,
    ...(recorder.device.software ? oneTeam : fourTeams),
  }
  recorder.dispatch({
    label: 'treeAttention',
    wgsl: variant(treeAttentionWgsl, form),
    params: [
      { u32: cache.layer * 2 * half },
      { u32: (cache.layer * 2 + 1) * half },
      { u32: slots },
      { u32: heads },
      { u32: pass.first },
    ],
    buffers: [
      { buffer: q, access: 'read' },
      { buffer: cache.tensor, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: out, access: 'read_write' },
    ],
    workgroups: [heads / group, pass.rows],
  })
}
