import { INDEX } from '@outrider/core/spec'
import type { Shader } from '../../shader'
import { type Decoder, decoders } from '../../weights/decode.wgsl'
import { serialSlices } from '../linear-i8/dot-slices.wgsl'
import { repeat } from '../repeat'
import { type JoinedWgsl, joinedRowsWgsl } from './joined-rows.wgsl'
import { parallelSlices } from './parallel-slices.wgsl'
import type { ProductKernel } from './product-kernel'
import type { Tile } from './tile'
import { unitLoop } from './units.wgsl'

/** What becomes of a finished product: the part of the kernel that the ops of the linear family differ in. */
export interface Epilogue {
  /** Members that `Params` has beyond the product's own. */
  readonly params: readonly string[]
  /** Variables beyond the product's own, in binding order: `var<storage, read_write> out: array<f32>`. */
  readonly bindings: readonly string[]
  /**
   * Declares `fn finish(row: u32, pair: u32, sums: vec2f, scale: f32)`: the products of row `row` of the pass with outputs
   * 2 · pair and 2 · pair + 1 of the weight are sums · scale. May read `p`, the bindings and, where the kernel is bounded, `index`.
   */
  readonly wgsl: string
  /** How many values that stand side by side in a row of its output, in the order of pairs, `finish` stores and gives back. */
  readonly outputsOfPair?: 1 | 2
  /**
   * Whether it also declares `fn close(firstRow: u32, firstPair: u32, lane: u32)`, which all `groupLanes` lanes of a workgroup call at
   * its end: it had `tileRows` rows from `firstRow` on, those below `p.rows` in use, and `tilePairs` pairs from `firstPair` on.
   */
  readonly closes?: boolean
}

/** The constants that `close` reads, and its call. */
export function closing(
  tile: { readonly rows: number; readonly lanes: number; readonly pairs: number },
  groupLanes: number,
) {
  return {
    constants: `const tileRows = ${tile.rows}u; const tilePairs = ${tile.lanes * tile.pairs}u; const groupLanes = ${groupLanes}u;`,
    call: `close(firstRow, (p.firstPanel + panel) * 32u + groupPair, local.y * ${tile.lanes}u + lane);`,
  }
}

/** A product with what its epilogue depends on. */
export interface ProductForm<E> extends ProductKernel {
  readonly epilogue: E
}

/** Members of `Params` that the product itself uses; `product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'units: u32', // units along K
  'vectors: u32', // vec4s along K
  'blocks: u32', // packed blocks of one panel
  'firstPanel: u32', // panel of the weight that the bound part begins with
  'firstRow: u32', // row of the tree that row 0 is
  'inverseInputs: f32',
  'eps: f32',
]

/**
 * weight · norm(x), R rows of x against one read of the weights. Each sum is built the same way whatever the tile: K is cut into
 * 32 slices, slice s being units s, s + 32, s + 64, …; a slice adds the products of its units in the order of K, one fma each,
 * and the slices are added in their order, from zero. Integers are summed as such, and the scale of 16 or 32 multiplies their sum.
 * The norm is folded in: the gain multiplies x, and the root mean square, of squares summed in the same order, divides the sums.
 */
export function productShader<E>(epilogueOf: (form: E) => Epilogue): Shader<ProductForm<E>> {
  return (kernel, device) => {
    const decoder = decoders[kernel.decoder]
    const epilogue = epilogueOf(kernel.epilogue)
    const joined = joinedOf(kernel, decoder)
    const slices = kernel.tile.atOnce === 1 ? serial(kernel, decoder) : parallelSlices(kernel, decoder, device)
    return [
      declarations(kernel, decoder, epilogue, joined),
      decoder.wgsl,
      steps(kernel.norm),
      epilogue.wgsl,
      slices.memory,
      main(kernel, slices.body, epilogue, joined),
    ].join('\n')
  }
}

/** All slices one after the other in each lane. */
function serial(kernel: ProductKernel, decoder: Decoder): { memory: string; body: string } {
  const { tile, norm } = kernel
  const squares = (load: (first: string) => string): string =>
    repeat(
      tile.rows,
      (row) => `square${row} = stepSquare(${norm === 'gain' ? `v${row}` : load(`x${row}`)}, square${row});`,
    )
  const units = unitLoop(kernel, decoder, squares)
  return serialSlices({ tile: { ...tile, atOnce: 1, depth: 1 }, norm: norm !== null, units, twin: undefined })
}

function joinedOf({ joined, tile }: ProductKernel, { unitInputs }: Decoder): JoinedWgsl | undefined {
  return joined && joinedRowsWgsl(joined, { rows: tile.rows, lanes: lanesOf(tile), unitVectors: unitInputs / 4 })
}

/** Lanes of a workgroup. */
function lanesOf({ atOnce, lanes }: Tile): number {
  return lanes * atOnce
}

function declarations(
  { norm, bounded, ragged }: ProductKernel,
  { unitInputs }: Decoder,
  epilogue: Epilogue,
  joined: JoinedWgsl | undefined,
): string {
  // A row of x is an array of units, so that the vectors of a unit have constant indices; a ragged row has no whole number of them.
  const vectors = ragged ? 'array<vec4f>' : `array<array<vec4f, ${unitInputs / 4}>>`
  const variables = [
    'var<uniform> p: Params',
    ...(joined?.bindings ?? [`var<storage, read> x: ${vectors}`]),
    'var<storage, read> weights: array<Block>',
    ...(norm ? [`var<storage, read> ${norm}: ${vectors}`] : []),
    ...(bounded ? ['var<storage, read> index: array<u32>'] : []),
    ...epilogue.bindings,
  ]
  return `struct Params { ${[...productParams, ...(joined?.params ?? []), ...epilogue.params].join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}
${joined?.declarations ?? ''}`
}

const steps = (norm: ProductKernel['norm']): string => /* wgsl */ `
// sum + v · (even, odd), in the order of K
fn step(even: vec4f, odd: vec4f, v: vec4f, sum: vec2f) -> vec2f {
  let sumX = fma(vec2f(even.x, odd.x), vec2f(v.x), sum);
  let sumY = fma(vec2f(even.y, odd.y), vec2f(v.y), sumX);
  let sumZ = fma(vec2f(even.z, odd.z), vec2f(v.z), sumY);
  return fma(vec2f(even.w, odd.w), vec2f(v.w), sumZ);
}

// sum + v · v, in the order of K
fn stepSquare(v: vec4f, sum: f32) -> f32 {
  return fma(v.w, v.w, fma(v.z, v.z, fma(v.y, v.y, fma(v.x, v.x, sum))));
}

fn scaleOf(squares: f32) -> f32 {
  return ${norm ? '1.0 / sqrt(fma(squares, p.inverseInputs, p.eps))' : '1.0'};
}

`

/** Which rows, panel and pairs a workgroup has; the slices do the rest. */
function main(
  { tile, bounded, ragged }: ProductKernel,
  slices: string,
  { closes }: Epilogue,
  joined: JoinedWgsl | undefined,
): string {
  const width = tile.lanes * tile.pairs
  const groups = 32 / width
  const { constants, call } = closing(tile, lanesOf(tile))
  return /* wgsl */ `
${closes ? constants : ''}
@compute @workgroup_size(${tile.lanes}, ${tile.atOnce})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let firstRow = group.x * ${tile.rows}u;
  let lane = local.x;
  let flat = local.y * ${tile.lanes}u + lane;
${joined?.choice ?? ''}
  ${bounded ? `if (p.firstRow + firstRow >= index[${INDEX.rows}]) { return; }` : ''}
  let panel = group.y / ${groups}u;
  let groupPair = (group.y % ${groups}u) * ${width}u; // of the panel
  let pair = groupPair + lane; // the next one is tile.lanes further
  let firstBlock = panel * p.blocks;
  let stride = ${ragged ? 'p.vectors' : 'p.units'};
${joined?.fill ?? ''}
  let firstOfX = ${joined ? 'firstRow' : '0u'};
  // Rows beyond the last repeat it; their sums are dropped.
${repeat(tile.rows, (row) => `  let x${row} = (min(firstRow + ${row}u, p.rows - 1u) - firstOfX) * stride;`)}
  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
  { ${slices} }
${closes ? `  ${call}` : ''}
}
`
}
