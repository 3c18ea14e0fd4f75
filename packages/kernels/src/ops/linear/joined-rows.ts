import type { Norm, Pass, RowPart, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Param, Recorder } from '../../recorder'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong, type Layout } from '../../weights/layout'
import { type PackedWeight, packedWeight } from '../../weights/packed-weight'
import { takeChoice } from '../argmax/choice'
import { normsOf, widthOf } from '../concat/row-part'
import { type JoinedForm, joinedBytes } from './joined-rows.wgsl'
import type { Peaks } from './peaks'
import type { Tile } from './tile'

/** Rows of x that every workgroup of a product puts together by itself, instead of reading them. */
export interface JoinedRows {
  readonly form: JoinedForm
  readonly params: readonly Param[]
  readonly bindings: readonly Binding[]
}

/** Rows up to which each workgroup may do what one dispatch would do once. */
const fewRows = 4

/** What of a product says whether it can take its rows apart. */
interface Taker {
  readonly weight: PackedWeight
  readonly tile: Tile
  readonly rows: number
  readonly norm: Norm | undefined
  readonly pass: Pass | undefined
  readonly buffers: readonly Binding[]
}

/**
 * How a product of float32 activations puts its rows together from `parts`, with the bits that `concat` gives them; undefined where
 * it cannot: many rows, several buffers of a weight, too little workgroup memory or too few bindings. Where the tokens of an embedding
 * are what the step before chose, it looks through the peaks itself, and that step falls away.
 */
export function joinedRows(recorder: Recorder, parts: readonly RowPart[], taker: Taker): JoinedRows | undefined {
  const { weight, tile, rows, norm, pass, buffers } = taker
  const { unitInputs } = decoders[weight.layout.decoder]
  const embedded = parts.flatMap((part) => ('x' in part ? [] : [part]))
  const tables = embedded.map(({ table }) => packedWeight(recorder.memory, table))
  if (rows > fewRows || weight.parts.length > 1 || weight.shape[1] % unitInputs !== 0) return undefined
  if (tables.length > 1 || tables.some((table) => table.parts.length > 1)) return undefined
  if (parts.some((part) => widthOf(part) % 4 !== 0)) return undefined
  const { limits } = recorder.device
  const bound =
    1 + (norm ? 1 : 0) + (pass ? 1 : 0) + buffers.length + parts.flatMap((part) => readsOf(recorder, part)).length
  if (bound > limits.maxStorageBuffersPerShaderStage) return undefined
  const form = formOf(recorder, parts)
  const sums = tile.atOnce === 1 ? 0 : tile.atOnce * tile.rows * (tile.lanes * tile.pairs * 8 + 4)
  if (joinedBytes(form, tile.rows) + sums > limits.maxComputeWorkgroupStorageSize) return undefined
  // The choice binds its records too.
  const [chosen] = embedded.map(({ pass: of }) => of)
  const room = bound < limits.maxStorageBuffersPerShaderStage
  const peaks = chosen && room ? takeChoice(recorder, chosen, rows) : undefined
  return {
    form: { ...form, chooses: peaks !== undefined },
    params: [...(peaks ? [peaks.groups] : []), ...parts.flatMap((part) => paramsOf(recorder, part))],
    bindings: [...reads(peaks?.records), ...parts.flatMap((part) => readsOf(recorder, part, peaks))],
  }
}

function formOf(recorder: Recorder, parts: readonly RowPart[]): Omit<JoinedForm, 'chooses'> {
  return {
    parts: parts.map((part) => ({
      vectors: widthOf(part) / 4,
      table: 'x' in part ? null : decoderOf(recorder, part),
      norms: normsOf(part).length,
    })),
  }
}

function decoderOf(recorder: Recorder, part: Exclude<RowPart, { readonly x: Tensor }>): Layout['decoder'] {
  return packedWeight(recorder.memory, part.table).layout.decoder
}

function paramsOf(recorder: Recorder, part: RowPart): readonly Param[] {
  const params: Param[] = []
  if (!('x' in part)) {
    const { layout, shape } = packedWeight(recorder.memory, part.table)
    params.push(blocksAlong(layout, shape[1]), shape[0], part.pass.first)
  }
  return [...params, ...normsOf(part).map(({ eps }): Param => ({ f32: eps }))]
}

function readsOf(recorder: Recorder, part: RowPart, peaks?: Peaks): readonly Binding[] {
  const gains = reads(...normsOf(part).map(({ gain }) => gain))
  if ('x' in part) return [...reads(part.x), ...gains]
  const table = packedWeight(recorder.memory, part.table).parts.map(({ buffer }) => buffer)
  return [...reads(...table), ...(peaks ? writes : reads)(part.pass.tokens), ...gains]
}
