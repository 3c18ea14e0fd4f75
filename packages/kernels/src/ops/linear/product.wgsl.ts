import { INDEX } from '@outrider/core/spec'
import { type Decoder, decoders } from '../../weights/decode.wgsl'
import type { Layout } from '../../weights/layout'
import type { Tile } from './tile'

/** What becomes of a finished product: the part of the kernel that the ops of the linear family differ in. */
export interface Epilogue {
  /** Members that `Params` has beyond the product's own. */
  readonly params: readonly string[]
  /** Variables beyond the product's own, in binding order: `var<storage, read_write> out: array<f32>`. */
  readonly bindings: readonly string[]
  /**
   * Declares `fn finish(row: u32, pair: u32, sums: vec2<f32>, scale: f32)`: the products of row `row` of the pass with outputs
   * 2 · pair and 2 · pair + 1 of the weight are sums · scale. May read `p`, the bindings and, where the kernel is bounded, `index`.
   */
  readonly wgsl: string
}

export interface ProductKernel {
  readonly decoder: Layout['decoder']
  readonly tile: Tile
  /** Whether x is normalised: binds the gain. */
  readonly norm: boolean
  /** Whether the inputs end inside a unit. */
  readonly ragged: boolean
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  readonly epilogue: Epilogue
}

/** Slices of K: slice s takes units s, s + 8, s + 16, … */
const slices = 8

/** Members of `Params` that the product itself uses; `product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'units: u32', // units along K
  'vectors: u32', // vec4s along K
  'blocks: u32', // packed blocks of one panel
  'first_panel: u32', // panel of the weight that the bound part begins with
  'first_row: u32', // row of the tree that row 0 is
  'inverse_inputs: f32',
  'eps: f32',
]

/**
 * out = weight · norm(x), R rows of x against one read of the weights. Each sum is built the same way whatever the tile: a slice
 * adds the products of its units in the order of K, one fma each, and the slices are added in their order. The norm is folded
 * in: the gain multiplies the weights, and the root mean square, of squares summed in the same order, divides the sums.
 */
export function productWgsl(kernel: ProductKernel): string {
  const decoder = decoders[kernel.decoder]
  return [
    declarations(kernel, decoder),
    decoder.wgsl,
    combination(kernel),
    kernel.epilogue.wgsl,
    main(kernel, decoder),
  ].join('\n')
}

function declarations({ norm, bounded, ragged, epilogue }: ProductKernel, { unitInputs }: Decoder): string {
  // A row of x is an array of units, so that the vectors of a unit have constant indices; a ragged row has no whole number of them.
  const vectors = ragged ? 'array<vec4<f32>>' : `array<array<vec4<f32>, ${unitInputs / 4}>>`
  const variables = [
    'var<uniform> p: Params',
    `var<storage, read> x: ${vectors}`,
    'var<storage, read> weights: array<Block>',
    ...(norm ? [`var<storage, read> gain: ${vectors}`] : []),
    ...(bounded ? ['var<storage, read> index: array<u32>'] : []),
    ...epilogue.bindings,
  ]
  return `struct Params { ${[...productParams, ...epilogue.params].join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}`
}

/** Workgroup memory and how the slices are put together. */
function combination({ tile, norm }: ProductKernel): string {
  return /* wgsl */ `
var<workgroup> partials: array<array<array<vec2<f32>, ${tile.lanes * tile.pairs}>, ${tile.rows}>, ${slices}>;
${norm ? `var<workgroup> squares: array<array<f32, ${tile.rows}>, ${slices}>;` : ''}

// sum + v · (even, odd), in the order of K
fn step(even: vec4<f32>, odd: vec4<f32>, v: vec4<f32>, sum: vec2<f32>) -> vec2<f32> {
  let sum_x = fma(vec2<f32>(even.x, odd.x), vec2<f32>(v.x), sum);
  let sum_y = fma(vec2<f32>(even.y, odd.y), vec2<f32>(v.y), sum_x);
  let sum_z = fma(vec2<f32>(even.z, odd.z), vec2<f32>(v.z), sum_y);
  return fma(vec2<f32>(even.w, odd.w), vec2<f32>(v.w), sum_z);
}

fn combined(row: u32, pair: u32) -> vec2<f32> {
  var sum = partials[0][row][pair];
  for (var s = 1u; s < ${slices}u; s++) { sum += partials[s][row][pair]; }
  return sum;
}
${norm ? normScale : ''}`
}

const normScale = /* wgsl */ `
fn step_square(v: vec4<f32>, sum: f32) -> f32 {
  return fma(v.w, v.w, fma(v.z, v.z, fma(v.y, v.y, fma(v.x, v.x, sum))));
}

fn norm_scale(row: u32) -> f32 {
  var sum = squares[0][row];
  for (var s = 1u; s < ${slices}u; s++) { sum += squares[s][row]; }
  return 1.0 / sqrt(fma(sum, p.inverse_inputs, p.eps));
}
`

function main(kernel: ProductKernel, decoder: Decoder): string {
  const { tile, norm, bounded } = kernel
  const width = tile.lanes * tile.pairs
  const groups = 32 / width
  const each = (emit: (row: number, pair: number) => string): string =>
    range(tile.rows)
      .flatMap((row) => range(tile.pairs).map((pair) => emit(row, pair)))
      .join('\n')
  return /* wgsl */ `
@compute @workgroup_size(${tile.lanes}, ${slices})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let first_row = group.x * ${tile.rows}u;
  ${bounded ? `if (p.first_row + first_row >= index[${INDEX.rows}]) { return; }` : ''}
  let lane = local.x;
  let slice = local.y;
  let panel = group.y / ${groups}u;
  let pair = (group.y % ${groups}u) * ${width}u + lane; // of the panel; the lane's next one is ${tile.lanes} further
  let first_block = panel * p.blocks;
  let stride = ${kernel.ragged ? 'p.vectors' : 'p.units'};
  // Rows beyond the last repeat it; their sums are dropped.
${range(tile.rows)
  .map((row) => `  let x${row} = min(first_row + ${row}u, p.rows - 1u) * stride;`)
  .join('\n')}
${each((row, pair) => `  var sum${row}_${pair} = vec2<f32>();`)}
${norm ? `  let own = min(first_row + lane % ${tile.rows}u, p.rows - 1u) * stride; // squares: each lane takes one row\n  var square = 0.0;` : ''}

${unitLoops(kernel, decoder)}

${each((row, pair) => `  partials[slice][${row}][lane + ${pair * tile.lanes}u] = sum${row}_${pair};`)}
  ${norm ? `if (lane < ${tile.rows}u) { squares[slice][lane] = square; }` : ''}
  workgroupBarrier();
  let first_pair = (p.first_panel + panel) * 32u + pair - lane;
  for (var i = slice * ${tile.lanes}u + lane; i < ${tile.rows * width}u; i += ${tile.lanes * slices}u) {
    let row = i / ${width}u;
    if (first_row + row < p.rows) {
      finish(first_row + row, first_pair + i % ${width}u, combined(row, i % ${width}u), ${norm ? 'norm_scale(row)' : '1.0'});
    }
  }
}
`
}

/** The loop over the slice's units, `depth` at a time, and one for those that are left. */
function unitLoops(kernel: ProductKernel, decoder: Decoder): string {
  const { depth } = kernel.tile
  const rest = `  for (; unit < p.units; unit += ${slices}u) {\n${unitBodies(kernel, decoder, 1)}\n  }`
  if (depth === 1) return `  var unit = slice;\n${rest}`
  return `  var unit = slice;
  for (; unit + ${slices * (depth - 1)}u < p.units; unit += ${slices * depth}u) {
${unitBodies(kernel, decoder, depth)}
  }
${rest}`
}

/** `count` units from `unit` on: all their weights are fetched, then used. */
function unitBodies({ tile, norm, ragged }: ProductKernel, decoder: Decoder, count: number): string {
  const lines: string[] = []
  const vectors = decoder.unitInputs / 4
  const block = (unit: string): string =>
    decoder.units === 1
      ? `first_block + ${unit}, 0u`
      : `first_block + ${unit} / ${decoder.units}u, ${unit} % ${decoder.units}u`
  for (const d of range(count)) {
    lines.push(`let unit${d} = unit + ${d * slices}u;`)
    for (const pair of range(tile.pairs))
      lines.push(`let w${d}_${pair} = fetch(${block(`unit${d}`)}, pair + ${pair * tile.lanes}u);`)
  }
  for (const d of range(count)) {
    const load = (array: string, row: string, j: number): string => {
      if (!ragged) return `${array}[${row} + unit${d}][${j}]`
      const vector = `unit${d} * ${vectors}u + ${j}u`
      return `select(vec4<f32>(), ${array}[${row} + ${vector}], ${vector} < p.vectors)`
    }
    for (const j of range(vectors)) {
      lines.push('{')
      if (norm) lines.push(`let g = ${load('gain', '0u', j)};`)
      for (const pair of range(tile.pairs))
        for (const parity of ['even', 'odd'])
          lines.push(`let ${parity}${pair} = ${decoder.four(`w${d}_${pair}.${parity}`, j)}${norm ? ' * g' : ''};`)
      for (const row of range(tile.rows)) {
        lines.push(`let v${row} = ${load('x', `x${row}`, j)};`)
        for (const pair of range(tile.pairs))
          lines.push(`sum${row}_${pair} = step(even${pair}, odd${pair}, v${row}, sum${row}_${pair});`)
      }
      if (norm) lines.push(`square = step_square(${load('x', 'own', j)}, square);`)
      lines.push('}')
    }
  }
  return lines.map((line) => `    ${line}`).join('\n')
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}
