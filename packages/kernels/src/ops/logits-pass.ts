import type { Ops, Tensor } from '@outrider/core/spec'
import type { DeviceFacts } from '../device'
import type { Access } from '../pipelines'
import type { Dispatch, Recorder } from '../recorder'
import { type Variant, variant } from '../shader'
import { bestRecord } from './argmax/argmax'
import { type FilterForm, filterLogitsWgsl } from './filter-logits/filter-logits.wgsl'
import { type ChunkForm, keptWords, logitsChunkWgsl, writesLogits } from './logits-chunk.wgsl'

type Rows = Parameters<Ops['filterLogits']>[0]
type Adjusting = Parameters<Ops['adjustLogits']>[0]
/** Draws where there is an `out`, else perturbs. */
type Noised = Parameters<Ops['perturbLogits']>[0] & { readonly out?: Tensor; readonly at?: number }

/** What is done with the logits of rows in one reading. */
interface LogitsPass extends Rows {
  readonly label: string
  readonly adjusts?: Pick<Adjusting, 'out' | 'mask'>
  readonly filters?: true
  readonly noised?: Noised
}

/** What was recorded last, up to which step. */
interface Last {
  readonly work: LogitsPass
  readonly from: number
  readonly to: number
}

const known = new WeakMap<Recorder, Last>()

/** Logits of a chunk that is filtered: a lane keeps eight. */
const filterChunk = 2048

/** Lanes of a workgroup and logits that it has: no more than a small vocabulary has use for. */
function sizeOf({ vocab, filters }: LogitsPass): Pick<ChunkForm, 'lanes' | 'chunk'> {
  if (!filters && vocab <= 64) return { lanes: 4, chunk: 64 }
  return { lanes: 256, chunk: filters || vocab > 4096 ? filterChunk : 4096 }
}

/** A row has one workgroup: the more lanes, the sooner it is done, but a software device pays for each. */
function lanesOf({ software, limits }: DeviceFacts): FilterForm['lanes'] {
  const most = software ? 256 : Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
  return most >= 1024 ? 1024 : most >= 512 ? 512 : 256
}

/**
 * Records what is done with logits: together with what was done right before to the same ones, so that they are read once. Chunks of a
 * row come first; they drop what they can tell without the others. Then a workgroup a row filters what is left and draws from it, or
 * takes the best of what chunks drew.
 */
export function logitsPass(recorder: Recorder, next: LogitsPass): void {
  const last = known.get(recorder)
  const joins = last && last.to === recorder.count && joined(last.work, next, recorder.device)
  if (joins) for (let step = last.from; step < last.to; step++) recorder.takeBack()
  const work = joins ? { ...next, ...last.work } : next
  const from = recorder.count
  const { label, logits, vocab, pass, sampling, adjusts, filters, noised } = work
  const { lanes, chunk } = sizeOf(work)
  const chunks = Math.ceil(vocab / chunk)
  const { at = 0, stream = 0, ahead = 1, targetIds, out } = noised ?? {}
  const changed = adjusts?.out ?? logits
  const apart = changed !== logits
  const several = chunks > 1 && !filters && out
  const words = filters ? keptWords(chunk) + 1 : 2
  const partial = (filters || several) && recorder.scratch([pass.rows, chunks, words], 'u32', `${label} of chunks`)
  const step = (label: string, wgsl: Variant, workgroups: Dispatch['workgroups'], bound: readonly Bound[]) => {
    const all: readonly Bound[] = [[sampling.params], [pass.index], ...bound]
    const buffers = all.flatMap(([buffer, access]) => (buffer ? [{ buffer, access: access || 'read' }] : []))
    const params = [vocab, pass.first, at, stream, ahead]
    recorder.later(buffers, () => ({ label, wgsl, params, buffers, workgroups }))
  }
  const form: ChunkForm = {
    lanes,
    chunk,
    adjusts: !!adjusts,
    apart,
    masked: !!adjusts?.mask,
    filters: !!filters,
    noised: !filters && !!noised,
    mapped: !!targetIds,
    draws: !filters && !!out,
    single: !several,
  }
  step(
    label,
    variant(logitsChunkWgsl, form),
    [chunks, pass.rows],
    [
      [sampling.counts],
      [sampling.bias],
      [pass.tokens],
      [logits, writesLogits(form) && 'read_write'],
      [apart && changed, 'read_write'],
      [adjusts?.mask],
      [targetIds],
      [partial || out, 'read_write'],
    ],
  )
  if (filters) {
    const rowForm: FilterForm = { lanes: lanesOf(recorder.device), chunk, draws: !!out }
    step(
      'filterLogits',
      variant(filterLogitsWgsl, rowForm),
      [pass.rows],
      [
        [partial, 'read_write'],
        [changed, 'read_write'],
        [out, 'read_write'],
      ],
    )
  }
  known.set(recorder, { work, from, to: recorder.count })
  if (several)
    recorder.dispatch(
      bestRecord('sample of chunks', { records: partial as Tensor, count: chunks, rows: pass.rows, out, at }),
    )
}

/** A buffer and how it is used if it is not only read; none where there is no buffer. */
type Bound = readonly [buffer: Tensor | undefined | false, access?: Access | false]

/** Whether one dispatch can do what was done last and what is next: it leaves what the next op works on, and binds one buffer more. */
function joined(last: LogitsPass, next: LogitsPass, { limits }: DeviceFacts): unknown {
  const { logits, adjusts, filters, noised, pass, sampling } = last
  const out = adjusts?.out ?? logits
  const bound = [out !== logits, adjusts?.mask].filter(Boolean).length + 7
  return (
    !noised &&
    (next.filters ? !filters : next.noised?.out && !next.noised.targetIds) &&
    out === next.logits &&
    pass === next.pass &&
    sampling === next.sampling &&
    bound <= limits.maxStorageBuffersPerShaderStage
  )
}
