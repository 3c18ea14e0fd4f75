import type { Norm, Ops, RowPart, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Param, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import { embed } from '../embed/embed'
import { normaliseInto } from '../rms-norm/rms-norm'
import { copyColumnsWgsl } from './copy-columns.wgsl'
import { joinWgsl, type PartForm } from './join.wgsl'
import { normsOf, widthOf } from './row-part'

/** A part with its place in `out`. */
interface Placed {
  readonly part: RowPart
  readonly column: number
}

/** Puts the rows of the parts beside each other: one dispatch, or as many as it takes to bind them all. */
export function concat(recorder: Recorder, { parts, out, rows }: Parameters<Ops['concat']>[0]): void {
  const most = recorder.device.limits.maxStorageBuffersPerShaderStage - 1
  const dispatches: Placed[][] = []
  let column = 0
  let bound = most
  for (const given of parts) {
    const part = embeddable(recorder, given)
    const buffers = readsOf(recorder, part).length
    const second = !('x' in part) && dispatches.at(-1)?.some((other) => !('x' in other.part))
    if (bound + buffers > most || second) {
      dispatches.push([])
      bound = 0
    }
    dispatches.at(-1)?.push({ part, column })
    bound += buffers
    column += widthOf(part)
  }
  for (const placed of dispatches) record(recorder, placed, out, rows)
}

/** A shader reads a table of one buffer; from several the embeddings are taken before. */
function embeddable(recorder: Recorder, part: RowPart): RowPart {
  if ('x' in part || packedWeight(recorder.memory, part.table).parts.length === 1) return part
  const { table, pass, ...norms } = part
  const x = recorder.scratch([pass.rows, table.shape[1]], 'f32', 'embeddings')
  embed(recorder, { table, pass, out: x })
  return { x, ...norms }
}

function record(recorder: Recorder, placed: readonly Placed[], out: Tensor, rows: number): void {
  const [{ part, column }] = placed as [Placed]
  const norms = normsOf(part)
  if (placed.length === 1 && 'x' in part && norms.length <= 1)
    recordOne(recorder, part.x, norms[0], { out, rows, column })
  else recordJoin(recorder, placed, out, rows)
}

/** Rows of a tensor alone, copied by as many lanes as there are columns. */
function recordOne(
  recorder: Recorder,
  x: Tensor,
  norm: Norm | undefined,
  { out, rows, column }: { out: Tensor; rows: number; column: number },
): void {
  const [width, outWidth] = [x.shape[1] as number, out.shape[1] as number]
  if (norm) normaliseInto(recorder, 'concat', { x, norm, out, rows, column })
  else
    recorder.dispatch({
      label: 'concat',
      wgsl: copyColumnsWgsl,
      params: [width, outWidth, column],
      buffers: [...reads(x), ...writes(out)],
      workgroups: [Math.ceil(width / 256), rows],
    })
}

function recordJoin(recorder: Recorder, placed: readonly Placed[], out: Tensor, rows: number): void {
  recorder.dispatch({
    label: 'concat',
    wgsl: variant(joinWgsl, { parts: placed.map(({ part }) => formOf(recorder, part)) }),
    params: [out.shape[1] as number, ...placed.flatMap((each) => paramsOf(recorder, each))],
    buffers: [...placed.flatMap(({ part }) => readsOf(recorder, part)), ...writes(out)],
    workgroups: [rows, placed.length],
  })
}

function formOf(recorder: Recorder, part: RowPart): PartForm {
  const embeds = 'x' in part ? null : packedWeight(recorder.memory, part.table).layout.decoder
  return { embeds, norms: normsOf(part).length }
}

function paramsOf(recorder: Recorder, { part, column }: Placed): readonly Param[] {
  const width = widthOf(part)
  const place: Param[] = [width, column]
  if (!('x' in part)) {
    const { layout, shape } = packedWeight(recorder.memory, part.table)
    const units = Math.ceil(width / decoders[layout.decoder].unitInputs)
    place.push(units, blocksAlong(layout, width), shape[0], part.pass.first)
  }
  return [...place, { f32: 1 / width }, ...normsOf(part).map(({ eps }): Param => ({ f32: eps }))]
}

function readsOf(recorder: Recorder, part: RowPart): readonly Binding[] {
  const rows =
    'x' in part
      ? [part.x]
      : [
          ...packedWeight(recorder.memory, part.table).parts.map(({ buffer }) => buffer),
          part.pass.tokens,
          part.pass.index,
        ]
  return reads(...rows, ...normsOf(part).map(({ gain }) => gain))
}

/** Rows of a tensor as they are; parts put together. f32 [rows, width]. */
export function rowsOf(recorder: Recorder, x: Tensor | readonly RowPart[], rows: number): Tensor {
  if ('shape' in x) return x
  const width = x.reduce((sum, part) => sum + widthOf(part), 0)
  const out = recorder.scratch([rows, width], 'f32', 'joined rows')
  concat(recorder, { parts: x, out, rows })
  return out
}
