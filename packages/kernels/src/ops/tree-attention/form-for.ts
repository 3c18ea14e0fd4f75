import type { Ops } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { type AttentionForm, chunk, span, workgroupBytes } from './form'
import { headVectors } from './head-vectors.wgsl'

/** Query heads of a row in a workgroup: more would not fit in registers. */
const mostHeads = 8
/** Workgroup memory that every device has. */
const leastBytes = 16384
/** Keys up to which one workgroup sees all that a row sees: four chunks side by side. */
const nearReach = 4 * chunk
/** Workgroups that a large card has at work at once: with more of them, fewer chunks are taken side by side. */
const atOnce = 128
/** Beyond that reach, passes of so few rows are cut by chunks above all; of more rows, four read the keys that they share once. */
const fewRows = 8
/** Workgroup memory that leaves room for a second workgroup beside: an H200 has 48 KB at once. */
const mostBytes = 24576
/** Bytes of partial results beyond which chunks are merged to spans first. */
const mostPartials = 16 << 20

/**
 * Chooses how to divide the work by what the host knows: recorded rows, and how far they reach at most. Bits do not tell. Up to
 * `nearReach` it is one dispatch, of workgroups that have as few heads and as many chunks side by side as a card has at work at once;
 * where a device has too few lanes or too little memory for that, and beyond, chunks are workgroups of their own.
 */
export function formFor(
  { limits, minSubgroup, software }: DeviceFacts,
  { heads, kvHeads, headDim, pass, cache }: Parameters<Ops['treeAttention']>[0],
): AttentionForm {
  const dtype = cache.tensor.dtype as 'f16' | 'f32'
  const vectors = headDim / headVectors(dtype, headDim).width
  const slots = cache.tensor.shape[3] as number
  const reach = Math.min(pass.reach ?? slots, slots)
  const sharing = heads / kvHeads
  const inOrder = software || vectors > 64
  const whole = { dtype, headDim, rows: 1, ahead: inOrder ? 1 : 16, beside: 1, reach: 'span', partial: false } as const
  const wide = { ...whole, lanes: inOrder ? 16 : 256 } as const
  const most = limits.maxComputeWorkgroupStorageSize
  const fits = (form: Omit<AttentionForm, 'groups'>, bytes = most): boolean =>
    workgroupBytes(form, minSubgroup) <= bytes
  const of = (form: Omit<AttentionForm, 'groups'>): AttentionForm => ({ ...form, groups: sharing / form.group })

  let group = Math.min(sharing, mostHeads)
  while (group > 1 && (sharing % group !== 0 || !fits({ ...wide, group }, leastBytes))) group--
  const many = (pass.rows * heads) / group > 2 * atOnce
  const narrow = ([128, 64] as const).filter((lanes) => !inOrder && vectors <= lanes / 4) // each of four teams has a lane a vector
  if (reach <= (software ? span : chunk)) return of({ ...wide, group, lanes: (many && narrow[0]) || wide.lanes })

  if (reach <= nearReach) {
    let few = 1
    while (few < group && (sharing % few !== 0 || (pass.rows * heads) / few > atOnce)) few++
    const beside: AttentionForm['beside'] = many ? 1 : (pass.rows * heads) / few > atOnce ? 2 : 4
    const workers = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
    const lanes = narrow.find((each) => each * beside <= workers)
    const near = lanes && { ...whole, group: few, beside, lanes, rows: many && vectors >= 32 ? 2 : 1 }
    if (near && fits(near)) return of(near)
  }

  let rows = inOrder || reach <= nearReach ? 1 : pass.rows <= fewRows ? Math.min(pass.rows, 2) : 4
  while (rows > 1 && !fits({ ...wide, group, rows }, Math.min(mostBytes, most))) rows /= 2
  const bytes = pass.rows * heads * Math.ceil(reach / chunk) * (headDim + 4) * 4
  return of({ ...wide, group, rows, reach: bytes > mostPartials ? 'span' : 'chunk', partial: true })
}
