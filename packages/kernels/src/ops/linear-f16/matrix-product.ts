import type { Norm, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { variant } from '../../shader'
import { blocksAlong, PANEL } from '../../weights/layout'
import { packedWeight } from '../../weights/packed-weight'
import type { Product } from '../linear/product-args'
import { halveRowsWgsl } from './half-rows.wgsl'
import { chooseMatrixTile, matrixSize, type RowTiles, rowTilesFor } from './matrix-tile'

/** Rows of activations as halves. */
interface HalfRows {
  /** u32 [vec4s, 4]: tiles, then a scale for each row. */
  readonly buffer: Tensor
  /** 32 vec4s that the scales begin with. */
  readonly scales: number
}

/** Records a product of halves: the rounding of the activations, then one dispatch for each part of the weight. */
export function matrixProduct<E>(recorder: Recorder, args: Product<E>): void {
  const { label, x, rows, norm, pass, epilogue } = args
  const { layout, shape, parts } = packedWeight(recorder.memory, args.weight)
  const inputs = shape[1]
  const tile = args.matrixTile ?? chooseMatrixTile(shape, rows, recorder.device)
  const rowTiles = rowTilesFor(rows, tile)
  const steps = Math.ceil(inputs / tile.inputs)
  // Subgroups whose share is short of a step multiply zeros there.
  const tiles = Math.ceil(steps / tile.subgroups) * tile.subgroups * (tile.inputs / matrixSize)
  const { buffer: halves, scales } = halved(recorder, x, rows, rowTiles, tiles, norm)
  for (const { buffer, firstPanel, panels } of parts)
    recorder.dispatch({
      label,
      wgsl: variant(args.shaders.f16, {
        decoder: layout.decoder,
        tile,
        rowTiles,
        bounded: pass !== undefined,
        epilogue,
      }),
      params: [
        { u32: rows },
        { u32: steps },
        { u32: blocksAlong(layout, inputs) },
        { u32: firstPanel },
        { u32: pass?.first ?? 0 },
        { u32: tiles },
        { u32: scales },
        ...args.params,
      ],
      buffers: [
        { buffer: halves, access: 'read' },
        { buffer, access: 'read' },
        ...(pass ? [{ buffer: pass.index, access: 'read' } as const] : []),
        ...args.buffers,
      ],
      workgroups: [Math.ceil(rows / (rowTiles * matrixSize)), panels * (PANEL / (tile.columns * matrixSize))],
    })
}

/** The first `rows` rows of norm(x) as halves in `tiles` tiles along the inputs. */
function halved(
  recorder: Recorder,
  x: Tensor,
  rows: number,
  rowTiles: RowTiles,
  tiles: number,
  norm: Norm | undefined,
): HalfRows {
  const inputs = x.shape[1] as number
  const scales = Math.ceil(rows / (rowTiles * matrixSize)) * rowTiles * tiles
  const buffer = recorder.scratch([(scales + Math.ceil(rows / 32)) * 32, 4], 'u32', 'f16 activations')
  recorder.dispatch({
    label: 'halve',
    wgsl: variant(halveRowsWgsl, { norm: norm !== undefined, rowTiles }),
    params: [{ u32: inputs / 4 }, { u32: tiles }, { u32: scales * 32 }, { f32: 1 / inputs }, { f32: norm?.eps ?? 0 }],
    buffers: [
      { buffer: x, access: 'read' },
      { buffer, access: 'read_write' },
      ...(norm ? [{ buffer: norm.gain, access: 'read' } as const] : []),
    ],
    workgroups: [rows],
  })
  return { buffer, scales }
}
