import { INDEX } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import type { Shader } from '../../shader'
import { codes, type QuantisedLayout } from '../../weights/codes.wgsl'
import { decoders } from '../../weights/decode.wgsl'
import { closing, type Epilogue } from '../linear/product.wgsl'
import { repeat } from '../repeat'
import { type DotKernel, parallelSlices, serialSlices } from './dot-slices.wgsl'
import type { DotTile } from './dot-tile'
import { dotUnits } from './dot-units.wgsl'
import { blockVectors } from './int8-rows.wgsl'

/** What the text of a product of int8 activations depends on. */
export interface DotForm<E> {
  readonly decoder: QuantisedLayout
  readonly tile: DotTile
  readonly norm: boolean
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  /** Whether what is stored is quantised too, times a gain or as it is; needs tiles of whole blocks. */
  readonly twin: 'none' | 'plain' | 'gain'
  readonly epilogue: E
}

/** Members of `Params` that the product itself uses; `dot-product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'units: u32', // blocks of 32 inputs along K
  'blocks: u32', // packed blocks of one panel
  'firstPanel: u32', // panel of the weight that the bound part begins with
  'firstRow: u32', // row of the tree that row 0 is
  'inverseInputs: f32',
  'eps: f32',
  'twinBlocks: u32', // blocks of a row of the output's int8 twin
]

/**
 * weight · norm(x) with x · gain as int8. Each sum is built the same way whatever the tile: a block of 32 inputs gives an exact
 * integer; K is cut into 32 slices, slice s being blocks s, s + 32, …; a slice adds its blocks in order, one fma each (and one
 * for the minima), and the slices are added in order, from zero. The squares of x that a norm wants are summed likewise.
 */
export function dotProductShader<E>(epilogueOf: (form: E) => Epilogue): Shader<DotForm<E>> {
  return (form, device) => {
    const epilogue = epilogueOf(form.epilogue)
    const variables = [
      'var<uniform> p: Params',
      'var<storage, read> x: array<vec4u>',
      'var<storage, read> weights: array<Block>',
      ...(form.bounded ? ['var<storage, read> index: array<u32>'] : []),
      ...epilogue.bindings,
      ...(form.twin === 'gain' ? ['var<storage, read> twinGain: array<vec4f>'] : []),
      ...(form.twin === 'none' ? [] : ['var<storage, read_write> int8: array<u32>']),
    ]
    return `struct Params { ${[...productParams, ...epilogue.params].join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}
${decoders[form.decoder].wgsl}
${epilogue.wgsl}
${main(form, epilogue, device)}`
  }
}

function main(form: DotForm<unknown>, { outputsOfPair, closes }: Epilogue, device: DeviceFacts): string {
  const { decoder, tile, bounded, norm, twin } = form
  const width = tile.lanes * tile.pairs
  const panelGroups = 32 / width
  const kernel: DotKernel = {
    tile,
    norm,
    units: dotUnits(tile, decoders[decoder], codes[decoder], norm),
    twin: twin === 'none' || !outputsOfPair ? undefined : { gain: twin === 'gain', outputsOfPair },
  }
  const { constants, call } = closing(tile, tile.lanes * tile.atOnce)
  const { memory, body } = tile.atOnce === 1 ? serialSlices(kernel) : parallelSlices(kernel, device)
  return /* wgsl */ `
${memory}
${closes ? constants : ''}
fn scaleOf(squares: f32) -> f32 {
  return ${norm ? '1.0 / sqrt(fma(squares, p.inverseInputs, p.eps))' : '1.0'};
}

@compute @workgroup_size(${tile.atOnce === 1 ? tile.lanes : `${tile.lanes}, ${tile.atOnce}`})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let firstRow = group.x * ${tile.rows}u;
  ${bounded ? `if (p.firstRow + firstRow >= index[${INDEX.rows}]) { return; }` : ''}
  let lane = local.x;
  let panel = group.y / ${panelGroups}u;
  let groupPair = (group.y % ${panelGroups}u) * ${width}u; // of the panel
  let pair = groupPair + lane; // the next one is tile.lanes further
  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
  let firstBlock = panel * p.blocks;
  // Rows beyond the last repeat it; their sums are dropped.
${repeat(tile.rows, (row) => `  let x${row} = min(firstRow + ${row}u, p.rows - 1u) * p.units * ${blockVectors}u;`)}
${body}
${closes ? `  ${call}` : ''}
}
`
}
