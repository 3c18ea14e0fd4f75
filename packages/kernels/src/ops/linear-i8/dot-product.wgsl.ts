import { INDEX } from '@outrider/core/spec'
import type { Shader } from '../../shader'
import { codes, type QuantisedLayout } from '../../weights/codes.wgsl'
import { decoders } from '../../weights/decode.wgsl'
import type { Epilogue } from '../linear/product.wgsl'
import { range, sliceCount } from '../linear/units.wgsl'
import type { DotTile } from './dot-tile'
import { dotUnits } from './dot-units.wgsl'
import { blockVectors } from './int8-rows.wgsl'

/** What the text of a product of int8 activations depends on. */
export interface DotForm<E> {
  readonly decoder: QuantisedLayout
  readonly tile: DotTile
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  readonly epilogue: E
}

/** Members of `Params` that the product itself uses; `dot-product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'units: u32', // blocks of 32 inputs along K
  'blocks: u32', // packed blocks of one panel
  'firstPanel: u32', // panel of the weight that the bound part begins with
  'firstRow: u32', // row of the tree that row 0 is
]

/**
 * weight · x with x as int8. Each sum is built the same way whatever the tile: a block of 32 inputs gives an exact integer;
 * K is cut into eight slices, slice s being blocks s, s + 8, …; a slice adds its blocks in order, one fma each (and one for the
 * minima), and the slices are added in order, from zero.
 */
export function dotProductShader<E>(epilogueOf: (form: E) => Epilogue): Shader<DotForm<E>> {
  return (form) => {
    const epilogue = epilogueOf(form.epilogue)
    const variables = [
      'var<uniform> p: Params',
      'var<storage, read> x: array<vec4<u32>>',
      'var<storage, read> weights: array<Block>',
      ...(form.bounded ? ['var<storage, read> index: array<u32>'] : []),
      ...epilogue.bindings,
    ]
    return `struct Params { ${[...productParams, ...epilogue.params].join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}
${decoders[form.decoder].wgsl}
${epilogue.wgsl}
${main(form)}`
  }
}

/** Words of workgroup memory that every device has, 16 KB. */
const memoryWords = 4096

/** Words of staged activations, twice. */
function stagedWords({ rows, depth, staged }: DotTile): number {
  return staged ? 2 * sliceCount * rows * depth * blockVectors * 4 : 0
}

function main(form: DotForm<unknown>): string {
  const { decoder, tile, bounded } = form
  const width = tile.lanes * tile.pairs
  const panelGroups = 32 / width
  const serial = tile.slices === 'serial'
  const units = dotUnits(tile, decoders[decoder], codes[decoder])
  const { memory, body } = serial ? serialSlices(tile, units) : parallelSlices(tile, units)
  return /* wgsl */ `
${memory}
${tile.staged ? `var<workgroup> staged: array<array<array<vec4<u32>, ${tile.rows * tile.depth * blockVectors}>, ${sliceCount}>, 2>;` : ''}

fn scaleOf(row: u32) -> f32 {
  return bitcast<f32>(x[row * (p.units * ${blockVectors}u + 1u) + p.units * ${blockVectors}u].x);
}

@compute @workgroup_size(${serial ? tile.lanes : `${tile.lanes}, ${sliceCount}`})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let firstRow = group.x * ${tile.rows}u;
  ${bounded ? `if (p.firstRow + firstRow >= index[${INDEX.rows}]) { return; }` : ''}
  let lane = local.x;
  let panel = group.y / ${panelGroups}u;
  let groupPair = (group.y % ${panelGroups}u) * ${width}u; // of the panel
  let pair = groupPair + lane; // the lane's next one is ${tile.lanes} further
  let firstBlock = panel * p.blocks;
  let stride = p.units * ${blockVectors}u + 1u;
  // Rows beyond the last repeat it; their sums are dropped.
${range(tile.rows, (row) => `  let x${row} = min(firstRow + ${row}u, p.rows - 1u) * stride;`)}
${body}
}
`
}

/** A slice for each group of lanes; the sums meet in workgroup memory, and all lanes share in the epilogue. */
function parallelSlices(tile: DotTile, units: string): { memory: string; body: string } {
  const { lanes, pairs } = tile
  const width = lanes * pairs
  // Rows whose sums do not fit into workgroup memory take turns.
  const room = Math.floor((memoryWords - stagedWords(tile)) / (sliceCount * width * 2))
  const rows = Math.min(tile.rows, Math.max(1, room))
  const turn = (first: number): string => {
    const count = Math.min(rows, tile.rows - first)
    return `
${first > 0 ? '  workgroupBarrier();' : ''}
${range(count, (row) => range(pairs, (pair) => `  sliceSums[slice][${row}][lane + ${pair * lanes}u] = sum${first + row}_${pair};`))}
  workgroupBarrier();
  for (var i = slice * ${lanes}u + lane; i < ${count * width}u; i += ${lanes * sliceCount}u) {
    let row = i / ${width}u;
    if (firstRow + ${first}u + row < p.rows) {
      let own = i % ${width}u;
      var sum = vec2<f32>();
      for (var s = 0u; s < ${sliceCount}u; s++) { sum += sliceSums[s][row][own]; }
      finish(firstRow + ${first}u + row, firstPair + own, sum, scaleOf(firstRow + ${first}u + row));
    }
  }`
  }
  const turns = Array.from({ length: Math.ceil(tile.rows / rows) }, (_, i) => turn(i * rows))
  return {
    memory: `var<workgroup> sliceSums: array<array<array<vec2<f32>, ${width}>, ${rows}>, ${sliceCount}>;`,
    body: `
  let slice = local.y;
${range(tile.rows, (row) => range(pairs, (pair) => `  var sum${row}_${pair} = vec2<f32>();`))}
${units}
  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
${turns.join('\n')}`,
  }
}

/** All slices one after the other in each lane: no workgroup memory, no barrier. */
function serialSlices({ rows, pairs, lanes }: DotTile, units: string): { memory: string; body: string } {
  const eachSum = (emit: (row: number, pair: number) => string): string =>
    range(rows, (row) => range(pairs, (pair) => emit(row, pair)))
  return {
    memory: '',
    body: `
${eachSum((row, pair) => `  var total${row}_${pair} = vec2<f32>();`)}
  for (var slice = 0u; slice < ${sliceCount}u; slice++) {
${eachSum((row, pair) => `    var sum${row}_${pair} = vec2<f32>();`)}
${units}
${eachSum((row, pair) => `    total${row}_${pair} += sum${row}_${pair};`)}
  }
  let firstPair = (p.firstPanel + panel) * 32u + pair;
${range(
  rows,
  (row) => `  if (firstRow + ${row}u < p.rows) {
    let scale = scaleOf(firstRow + ${row}u);
${range(pairs, (pair) => `    finish(firstRow + ${row}u, firstPair + ${pair * lanes}u, total${row}_${pair}, scale);`)}
  }`,
)}`,
  }
}
