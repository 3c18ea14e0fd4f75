import type { Ops } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { type AttentionForm, chunk, partWords, span, workgroupBytes } from './form'
import { headVectors } from './head-vectors.wgsl'

/** Query heads of a row in a workgroup: more would not fit in registers. */
const mostHeads = 8
/** Workgroup memory that every device has. */
const leastBytes = 16384
/** Workgroup memory that leaves room for a second workgroup: an H200 has 48 KB at once. */
const roomyBytes = 24576
/** Workgroups that a large card has at work at once. */
const atOnce = 128
/** Chunks that are merged at most: beyond, workgroups leave what they found of a span. */
const mostChunks = 32
/** Bytes of what workgroups leave for each other beyond which they take spans. */
const mostFound = 16 << 20
/** Vectors of a narrow workgroup, of one row and 128 lanes, up to which it is the faster one where there are many. */
const fewVectors = 64
/** Rows up to which two of them share a wide workgroup that has a chunk; of more rows, four do. */
const fewRows = 8

type Form = Omit<AttentionForm, 'groups'>
type Args = Parameters<Ops['treeAttention']>[0]

/** Keys that a row sees at most. */
export function reachOf({ pass, cache }: Pick<Args, 'pass' | 'cache'>): number {
  const slots = cache.tensor.shape[3] as number
  return Math.min(pass.reach ?? slots, slots)
}

/**
 * Chooses how to divide the work by what the host knows: recorded rows, and how far they reach at most. Bits do not tell. A
 * workgroup takes all that its row sees where that is a chunk, or a span of so many rows that a card is busy. Else workgroups share
 * the keys: each has a chunk, of one row and as few heads as leave not too many of them, or of a few rows and all heads that read
 * the same keys; far beyond, where many chunks would have to be merged, a span of more than two rows. The numbers are those of an
 * H200, with the ops of a model around.
 */
export function formFor(
  { limits, minSubgroup, software }: DeviceFacts,
  { heads, kvHeads, headDim, pass, cache }: Args,
): AttentionForm {
  const dtype = cache.tensor.dtype as 'f16' | 'f32'
  const vectors = headDim / headVectors(dtype, headDim).width
  const reach = reachOf({ pass, cache })
  const sharing = heads / kvHeads
  const memory = limits.maxComputeWorkgroupStorageSize
  const inOrder = software || vectors > 64
  const fits = (form: Form, bytes = memory): boolean => workgroupBytes(form, minSubgroup) <= bytes
  const suits = (form: Form): boolean => !inOrder && vectors <= form.lanes / 4 && fits(form)
  const of = (form: Form): AttentionForm => ({ ...form, groups: sharing / form.group })

  const whole = { dtype, headDim, rows: 1, ahead: inOrder ? 1 : 16, reach: 'span', shared: false } as const
  const wide = { ...whole, lanes: inOrder ? 16 : 256 } as const
  const narrow = { ...whole, lanes: 128 } as const
  const groups = Array.from({ length: Math.min(sharing, mostHeads) }, (_, i) => i + 1).filter(
    (group) => sharing % group === 0 && (group === 1 || fits({ ...wide, group }, leastBytes)),
  )
  const group = Math.max(...groups)
  const workgroups = (pass.rows * heads) / group
  const light = vectors * group <= fewVectors

  const busy = reach <= span && workgroups >= 2 * atOnce && light
  if (busy || reach <= (software ? span : chunk)) {
    const form = { ...narrow, group }
    return of((reach > chunk || workgroups > 2 * atOnce) && suits(form) ? form : { ...wide, group })
  }

  const chunks = Math.ceil(reach / chunk)
  const far = chunks > mostChunks && pass.rows > 2
  const byChunks = !far && pass.rows * heads * chunks * partWords(headDim) * 4 <= mostFound
  for (const few of byChunks ? groups : []) {
    const form = { ...narrow, group: few, reach: 'chunk', shared: true } as const
    const most = pass.rows === 1 ? 4 : few === group && light ? 4.5 : 3
    const enough = (pass.rows * heads * chunks) / few <= most * atOnce || (few === group && pass.rows <= 2)
    if (enough && suits(form)) return of(form)
  }

  const parts = byChunks ? chunks : Math.ceil(reach / span)
  const room = far ? memory : Math.min(roomyBytes, memory)
  let rows = inOrder ? 1 : far || (pass.rows > fewRows && reach > span) ? 4 : 2
  while (rows > 1 && (rows > pass.rows || !fits({ ...wide, group, rows }, room))) rows /= 2
  while (rows > 1 && (Math.ceil(pass.rows / rows) * heads * parts) / group < atOnce) rows /= 2
  return of({ ...wide, group, rows, reach: byChunks ? 'chunk' : 'span', shared: byChunks || reach > span })
}
