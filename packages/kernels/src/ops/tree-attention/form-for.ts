import type { Ops } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { type AttentionForm, chunk, layoutOf, span, workgroupBytes } from './form'
import { headVectors } from './head-vectors.wgsl'

/** Query heads of a row in a workgroup: more would not fit in registers. */
const mostHeads = 8
/** Workgroup memory that every device has. */
const leastBytes = 16384
/** Keys up to which one workgroup sees all that a row sees: four chunks side by side. */
const nearReach = 4 * chunk
/** Workgroups that a large card has at work at once: with more of them, fewer chunks are taken side by side. */
const atOnce = 128
/** Where chunks are workgroups of their own, passes of so few rows have enough of them; of more, rows read the keys they share once. */
const fewRows = 8
/** Workgroup memory that leaves room for a second workgroup beside: an H200 has 48 KB at once. */
const mostBytes = 24576
/** Bytes of partial results beyond which chunks are merged to spans first. */
const mostPartials = 16 << 20

type Args = Parameters<Ops['treeAttention']>[0]

/** Keys that a row sees at most. */
export function reachOf({ pass, cache }: Pick<Args, 'pass' | 'cache'>): number {
  const slots = cache.tensor.shape[3] as number
  return Math.min(pass.reach ?? slots, slots)
}

/**
 * Chooses how to divide the work by what the host knows: recorded rows, and how far they reach at most. Bits do not tell. Up to
 * `nearReach` it is one dispatch, of workgroups that have as few heads and as many chunks side by side as a card has at work at once.
 * Beyond, chunks are workgroups of their own, and so they are where a device has too few lanes or too little memory, or where a lane
 * would have more than two queries: the op alone is faster then, but whole models were slower.
 */
export function formFor(
  { limits, minSubgroup, software }: DeviceFacts,
  { heads, kvHeads, headDim, pass, cache }: Args,
): AttentionForm {
  const dtype = cache.tensor.dtype as 'f16' | 'f32'
  const vectors = headDim / headVectors(dtype, headDim).width
  const reach = reachOf({ pass, cache })
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
  let few = 1
  while (few < group && (sharing % few !== 0 || (pass.rows * heads) / few > atOnce)) few++
  const workgroups = (pass.rows * heads) / few

  const near = reach <= nearReach
  if (near && !inOrder && (reach > chunk || workgroups > 2 * atOnce)) {
    const beside = workgroups > 2 * atOnce ? 1 : workgroups > atOnce ? 2 : 4
    const workers = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
    for (const lanes of [128, 64] as const) {
      const form = { ...whole, group: few, lanes, beside } as const
      // A lane of each of the four teams has a vector of a head, of two queries at most.
      const suits = lanes * beside <= workers && vectors <= lanes / 4 && layoutOf(form).partQueries <= 2
      if (suits && fits(form)) return of(form)
    }
  }
  if (reach <= (software ? span : chunk)) return of({ ...wide, group })

  const byChunks = pass.rows <= fewRows
  let rows = inOrder || (byChunks && near) ? 1 : byChunks || near ? Math.min(pass.rows, 2) : 4
  while (rows > 1 && !fits({ ...wide, group, rows }, Math.min(mostBytes, most))) rows /= 2
  const bytes = pass.rows * heads * Math.ceil(reach / chunk) * (headDim + 4) * 4
  return of({ ...wide, group, rows, reach: bytes > mostPartials ? 'span' : 'chunk', partial: true })
}
