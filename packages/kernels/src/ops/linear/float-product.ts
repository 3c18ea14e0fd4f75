import type { RowPart, Tensor } from '@outrider/core/spec'
import { reads } from '../../bindings'
import type { Dispatch, Recorder } from '../../recorder'
import { variant } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { blocksAlong } from '../../weights/layout'
import { packedWeight, type WeightPart } from '../../weights/packed-weight'
import { type JoinedRows, joinedRows } from './joined-rows'
import type { OpenProduct, Product } from './product-args'
import { chooseTile, type Tile } from './tile'
import { currentTwin } from './twin'

/** A product of float32 activations: those of a tensor, or what each workgroup puts together. */
type FloatProduct<E> = Omit<Product<E>, 'x'> & { readonly x: Tensor | JoinedRows }

/** Records a product of float32 activations: one dispatch for each part of the weight. */
export function floatProduct<E>(recorder: Recorder, args: FloatProduct<E>): void {
  const { x, norm, rows, pass } = args
  const bound = 'form' in x ? [...x.bindings, ...args.buffers] : args.buffers
  const scaled =
    norm && 'shape' in x && recorder.arithmetic === 'f32'
      ? currentTwin(recorder, { x, rows, gain: norm.gain, pass })
      : undefined
  for (const part of packedWeight(recorder.memory, args.weight).parts)
    recorder.later(bound, () => partDispatch(recorder, { ...args, ...args.late?.() }, part, scaled))
}

/** Records a product that puts its rows together itself; false, and nothing is recorded, where it cannot. */
export function joinedProduct<E>(
  recorder: Recorder,
  args: OpenProduct<E> & { readonly x: readonly RowPart[] },
): boolean {
  const { rows, norm, pass, buffers } = args
  const weight = packedWeight(recorder.memory, args.weight)
  const tile = tileFor(recorder, args, weight.parts[0]?.panels as number)
  const x = joinedRows(recorder, args.x, { weight, tile, rows, norm, pass, buffers })
  if (x) floatProduct(recorder, { ...args, x })
  return x !== undefined
}

/** The tile for a part of so many panels of a weight. */
export function tileFor(
  recorder: Recorder,
  { tile, weight, rows }: Pick<Product<unknown>, 'tile' | 'weight' | 'rows'>,
  panels: number,
): Tile {
  const measured = recorder.tiles?.tile(packedWeight(recorder.memory, weight), rows)
  if (tile) return tile
  // In `i8` the output may be stored as int8 too, in whole blocks.
  const leastPairs = recorder.arithmetic === 'i8' ? 16 : 1
  if (measured && measured.lanes * measured.pairs >= leastPairs) return measured
  return chooseTile(rows, panels, recorder.device, leastPairs)
}

function partDispatch<E>(
  recorder: Recorder,
  args: FloatProduct<E>,
  { buffer, firstPanel, panels }: WeightPart,
  scaled: Tensor | undefined,
): Dispatch {
  const { label, x, rows, norm, pass, epilogue } = args
  const { layout, shape } = packedWeight(recorder.memory, args.weight)
  const inputs = shape[1]
  const { unitInputs } = decoders[layout.decoder]
  const tile = tileFor(recorder, args, panels)
  const groups = 32 / (tile.lanes * tile.pairs)
  const joined = 'form' in x ? x : undefined
  // Where x is read times the gain, it is read beside as it was.
  const [from, beside] = scaled && 'shape' in x ? [scaled, x] : [x, norm?.gain]
  return {
    label,
    wgsl: variant(args.shaders.f32, {
      decoder: layout.decoder,
      tile,
      norm: norm ? (scaled ? 'unscaled' : 'gain') : null,
      ragged: inputs % unitInputs !== 0,
      bounded: pass !== undefined,
      ...(joined && { joined: joined.form }),
      epilogue,
    }),
    params: [
      rows,
      Math.ceil(inputs / unitInputs),
      inputs / 4,
      blocksAlong(layout, inputs),
      firstPanel,
      pass?.first ?? 0,
      { f32: 1 / inputs },
      { f32: norm?.eps ?? 0 },
      ...(joined?.params ?? []),
      ...args.params,
    ],
    buffers: [
      ...('form' in from ? from.bindings : reads(from)),
      ...reads(buffer, beside, pass?.index),
      ...args.buffers,
    ],
    workgroups: [Math.ceil(rows / tile.rows), panels * groups],
  }
}
