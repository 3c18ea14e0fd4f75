import type { Ops } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { noteWriter, type Twin, twinBindings } from '../linear/twin'
import { halfTiles } from '../linear-f16/half-rows.wgsl'
import { blockInputs } from '../linear-i8/int8-rows.wgsl'
import { type AttentionForm, type CopyFormat, chunk, span, workgroupBytes } from './form'
import { headVectors } from './head-vectors.wgsl'
import { type MergeForm, mergeWgsl } from './merge.wgsl'
import { treeAttentionWgsl } from './tree-attention.wgsl'

type Args = Parameters<Ops['treeAttention']>[0]

/** How the work is divided. Every plan gives a row the same bits. */
interface Plan {
  /** Most rows of a workgroup, a power of two. */
  readonly rows: number
  /** What a workgroup folds. */
  readonly reach: 'chunk' | 'span'
  /** Whether partial results are merged by a second dispatch; else all keys lie within one span. */
  readonly partial: boolean
}

/** Query heads of a row in a workgroup: more would not fit in registers. */
const mostHeads = 8
/** Workgroup memory that every device has. */
const leastBytes = 16384
/** Up to here, and with few rows a little further, a workgroup a row is fastest: there are too few keys to share. */
const shortReach = chunk
const shortReachOfFew = 4 * chunk
const fewRows = 8
/** Workgroup memory that leaves room for a second workgroup beside: an H200 has 48 KB at once. */
const mostBytes = 24576
/** Bytes of partial results beyond which chunks are merged to spans first. */
const mostPartials = 16 << 20

/** Chooses how to divide the work by what the host knows: recorded rows, and how far they reach at most. */
function planFor(facts: DeviceFacts, { heads, headDim, pass, cache }: Args): Plan {
  const slots = cache.tensor.shape[3] as number
  const reach = Math.min(pass.reach ?? slots, slots)
  const few = pass.rows <= fewRows
  const short = reach <= (few ? shortReachOfFew : shortReach)
  // More than 4 rows a workgroup would not fit in registers; of so many, short contexts make too few workgroups.
  const rows = facts.software || short ? 1 : few || reach <= shortReachOfFew ? Math.min(pass.rows, 2) : 4
  if (reach <= (facts.software ? span : chunk)) return { rows, reach: 'span', partial: false }
  const bytes = pass.rows * heads * Math.ceil(reach / chunk) * (headDim + 4) * 4
  return { rows, reach: bytes > mostPartials ? 'span' : 'chunk', partial: true }
}

/**
 * FlashAttention over a KV cache for the rows of a tree (Dao et al. 2022), split over the keys where they are many. What a row
 * gets depends on the keys and values at its own positions alone: not on their slots, other rows, the capacity or the split.
 */
export function treeAttention(recorder: Recorder, args: Args): void {
  recordAttention(recorder, args, planFor(recorder.device, args))
}

/** The form of the first dispatch: as many heads that share a key head as fit, in equal parts, then as many rows. */
function formFor(facts: DeviceFacts, args: Args, plan: Plan): AttentionForm {
  const { heads, kvHeads, headDim, cache } = args
  const dtype = cache.tensor.dtype as 'f16' | 'f32'
  const sharing = heads / kvHeads
  const inOrder = facts.software || headDim / headVectors(dtype, headDim).width > 64
  const lanes = inOrder ? ({ lanes: 16, ahead: 1 } as const) : ({ lanes: 256, ahead: 16 } as const)
  const bytes = (group: number, rows: number): number =>
    workgroupBytes({ dtype, headDim, group, rows, ...lanes }, facts.minSubgroup)
  let group = Math.min(sharing, mostHeads)
  while (group > 1 && (sharing % group !== 0 || bytes(group, 1) > leastBytes)) group--
  let rows = inOrder ? 1 : plan.rows
  const most = Math.min(mostBytes, facts.limits.maxComputeWorkgroupStorageSize)
  while (rows > 1 && bytes(group, rows) > most) rows /= 2
  return { dtype, headDim, group, groups: sharing / group, rows, ...lanes, reach: plan.reach, partial: plan.partial }
}

/** Records attention as `plan` divides it. */
function recordAttention(recorder: Recorder, args: Args, plan: Plan): void {
  const { q, cache, heads, kvHeads, headDim, pass, out } = args
  const form = formFor(recorder.device, args, plan)
  const format: CopyFormat = recorder.arithmetic === 'f16' ? 'halves' : 'int8'
  const twinTiles = { u32: halfTiles(heads * headDim) }
  const { dtype, group, partial, reach } = form
  const slots = cache.tensor.shape[3] as number
  const head = headVectors(dtype, headDim)
  const vectors = headDim / head.width
  const half = cache.layer * 2 * kvHeads * slots
  const seen = Math.min(pass.reach ?? slots, slots)
  const parts = partial ? Math.ceil(seen / (reach === 'chunk' ? chunk : span)) : 1
  const left = partial
    ? recorder.scratch([pass.rows, heads, parts, headDim + head.width], 'f32', 'attention partials')
    : out
  const first = (twin?: Twin): Dispatch => ({
    label: 'treeAttention',
    wgsl: variant(treeAttentionWgsl, { ...form, twin: twin && format }),
    params: [
      { u32: half * head.key.count },
      { u32: (half + kvHeads * slots) * vectors },
      { u32: slots },
      { u32: heads },
      { u32: pass.first },
      { u32: pass.rows },
      { u32: parts },
      twinTiles,
    ],
    buffers: [
      { buffer: q, access: 'read' },
      { buffer: cache.tensor, access: 'read' },
      { buffer: cache.tensor, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: left, access: 'read_write' },
      ...twinBindings(twin),
    ],
    workgroups: [Math.ceil(pass.rows / form.rows), heads / group, parts],
  })
  if (!partial) {
    recordLast(recorder, args, first)
    return
  }
  recorder.dispatch(first())
  const teams = recorder.device.software ? 1 : Math.max(1, Math.floor(256 / vectors))
  const merge: MergeForm = { dtype, headDim, teams, reach }
  recordLast(recorder, args, (twin) => ({
    label: 'mergeAttention',
    wgsl: variant(mergeWgsl, { ...merge, twin: twin && format }),
    params: [{ u32: heads }, { u32: pass.first }, { u32: parts }, twinTiles],
    buffers: [
      { buffer: left, access: 'read' },
      { buffer: pass.index, access: 'read' },
      { buffer: out, access: 'read_write' },
      ...twinBindings(twin),
    ],
    workgroups: [heads, pass.rows],
  }))
}

/** Records the dispatch that writes `out`, and a copy too where the product that reads it wants that. */
function recordLast(recorder: Recorder, { out, pass, headDim }: Args, dispatch: (twin?: Twin) => Dispatch): void {
  let twin: () => Twin | undefined = () => undefined
  const firstStep = recorder.count
  recorder.later([{ buffer: out, access: 'read_write' }], () => dispatch(twin()))
  if (headDim % blockInputs === 0) twin = noteWriter(recorder, out, { firstStep, rows: pass.rows, pass, gains: false })
}
