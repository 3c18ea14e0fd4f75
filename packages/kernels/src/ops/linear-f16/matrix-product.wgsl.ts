import { INDEX } from '@outrider/core/spec'
import type { Shader } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { eightWgsl, halfDecoders } from '../../weights/halves.wgsl'
import type { Layout } from '../../weights/layout'
import type { Epilogue } from '../linear/product.wgsl'
import { repeat } from '../repeat'
import { columnVectors, type MatrixTile, matrixLanes, matrixSize, type RowTiles, subgroupVectors } from './matrix-tile'

/** What the text of a product of matrices depends on. */
export interface MatrixForm<E> {
  readonly decoder: Layout['decoder']
  readonly tile: MatrixTile
  readonly rowTiles: RowTiles
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  readonly epilogue: E
}

/** Members of `Params` that the product itself uses; `matrix-product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'steps: u32', // steps along K of all subgroups
  'blocks: u32', // packed blocks of one panel
  'firstPanel: u32', // panel of the weight that the bound part begins with
  'firstRow: u32', // row of the tree that row 0 is
  'tiles: u32', // tiles along K of x
  'scales: u32', // 32 vec4s of x that the rows' scales begin with
]

/**
 * weight · x with subgroup matrices of halves, float32 sums. K is cut into steps; subgroup s of a workgroup takes the steps s,
 * s + S, s + 2S, …, one after the other into the same sums, and the subgroups' sums are added in their order. The cut does not
 * depend on the rows, and a row of a matrix does not feel the others, so that the bits are those of one row alone.
 */
export function matrixProductShader<E>(epilogueOf: (form: E) => Epilogue): Shader<MatrixForm<E>> {
  return (form) => {
    const epilogue = epilogueOf(form.epilogue)
    const variables = [
      'var<uniform> p: Params',
      'var<storage, read> x: array<array<vec4u, 32>>',
      'var<storage, read> weights: array<Block>',
      ...(form.bounded ? ['var<storage, read> index: array<u32>'] : []),
      ...epilogue.bindings,
    ]
    return `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
diagnostic(off, subgroup_uniformity);
struct Params { ${[...productParams, ...epilogue.params].join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}
${decoders[form.decoder].wgsl}
${eightWgsl}
${halfDecoders[form.decoder].wgsl}
${epilogue.wgsl}
${main(form)}`
  }
}

function main(form: MatrixForm<unknown>): string {
  const { tile, rowTiles, bounded } = form
  const { columns, subgroups } = tile
  const width = columns * matrixSize
  const groups = 64 / width
  return /* wgsl */ `
alias Left = subgroup_matrix_left<f16, ${matrixSize}, ${matrixSize}>;
alias Right = subgroup_matrix_right<f16, ${matrixSize}, ${matrixSize}>;
alias Sums = subgroup_matrix_result<f32, ${matrixSize}, ${matrixSize}>;

// [subgroup, column, inputs] halves of a step; later [subgroup, row, column] f32 sums. Columns: even outputs, then odd ones.
var<workgroup> staged: array<array<vec4u, ${subgroupVectors(tile)}>, ${subgroups}>;

fn scaleOf(row: u32) -> f32 { return bitcast<f32>(x[p.scales + row / 32u][row % 32u].x); }

@compute @workgroup_size(${matrixLanes * subgroups})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let firstRow = group.x * ${rowTiles * matrixSize}u;
  ${bounded ? `if (p.firstRow + firstRow >= index[${INDEX.rows}]) { return; }` : ''}
  let lane = local % ${matrixLanes}u;
  let subgroup = local / ${matrixLanes}u;
  let panel = group.y / ${groups}u;
  let groupPair = (group.y % ${groups}u) * ${width / 2}u; // of the panel
  let firstBlock = panel * p.blocks;
  let firstTile = group.x * p.tiles;
${products(form)}
${sums(form)}
}
`
}

/** Adds up the subgroup's share of the products in `c<row tile>_<column tile>`. */
function products({ tile, rowTiles }: MatrixForm<unknown>): string {
  const { columns, subgroups, inputs, depth } = tile
  const width = columns * matrixSize
  const stride = columnVectors(inputs)
  const tilesAStep = inputs / matrixSize
  const units = inputs / 32 // of one output in a step
  const items = (width * units) / matrixLanes // units of a lane in a step
  const each = (emit: (i: number) => string): string => repeat(items, emit)
  const eachTile = (across: number, emit: (k: number, i: number) => string): string =>
    repeat(tilesAStep, (k) => repeat(across, (i) => emit(k, i)))
  // Activations as far ahead as weights: loads return in their order, so that later ones would wait for weights of later steps.
  const fetchWeights = (z: number, step: string): string =>
    each((i) => `      w${i}_${z} = raw(firstBlock, (${step}) * ${units}u + unit${i}, slot${i});`)
  const fetchActivations = (z: number, step: string): string =>
    eachTile(
      rowTiles,
      (k, r) =>
        `      a${k}_${r}_${z} = subgroupMatrixLoad<Left, row_major>(&x[(firstTile + (${step}) * ${tilesAStep}u + ${k}u) * ${rowTiles}u + ${r}u], 0u, 2u);`,
    )
  const inside = (z: number): string => `first + ${z * subgroups}u < p.steps`
  // Two branches: in one of both, a driver issues the loads in an order that they wait for each other.
  const step = (z: number): string => `
${z > 0 ? `    if (!(${inside(z)})) { break; }` : ''}
${each(
  (i) => `    { let h = halves(w${i}_${z}, slot${i});
${repeat(4, (j) => `      staged[subgroup][to${i} + ${j}u] = h[${j}];`)} }`,
)}
    if (${inside(z + depth)}) {
${fetchWeights(z, `first + ${(z + depth) * subgroups}u + subgroup`)}
    }
${eachTile(rowTiles, (k, r) => `    let left${z}_${k}_${r} = a${k}_${r}_${z};`)}
    if (${inside(z + depth)}) {
${fetchActivations(z, `first + ${(z + depth) * subgroups}u + subgroup`)}
    }
    workgroupBarrier();
${eachTile(columns, (k, c) => `    let right${z}_${k}_${c} = subgroupMatrixLoad<Right, col_major>(&staged[subgroup], ${c * matrixSize * stride + k * 2}u, ${stride}u);`)}
${eachTile(columns, (k, c) =>
  repeat(
    rowTiles,
    (r) => `    c${r}_${c} = subgroupMatrixMultiplyAccumulate(left${z}_${k}_${r}, right${z}_${k}_${c}, c${r}_${c});`,
  ),
)}
    workgroupBarrier();`
  return `
${repeat(rowTiles, (r) => repeat(columns, (c) => `  var c${r}_${c}: Sums;`))}
${each(
  (i) => `  let column${i} = (lane + ${i * matrixLanes}u) % ${width}u;
  let unit${i} = (lane + ${i * matrixLanes}u) / ${width}u;
  let slot${i} = column${i} / ${width / 2}u * 32u + groupPair + column${i} % ${width / 2}u;
  let to${i} = column${i} * ${stride}u + unit${i} * 4u;`,
)}
${repeat(depth, (z) => `${each((i) => `  var w${i}_${z}: Raw;`)}\n${eachTile(rowTiles, (k, r) => `  var a${k}_${r}_${z}: Left;`)}\n${fetchWeights(z, `${z * subgroups}u + subgroup`)}\n${fetchActivations(z, `${z * subgroups}u + subgroup`)}`)}
  for (var first = 0u; first < p.steps; first += ${subgroups * depth}u) {
${repeat(depth, step)}
  }`
}

/** Adds the subgroups' sums, one row tile after the other, and finishes four pairs of outputs a lane. */
function sums({ tile, rowTiles }: MatrixForm<unknown>): string {
  const { columns, subgroups } = tile
  const width = columns * matrixSize
  const stride = width / 4 + 1 // vec4s of a row of sums, one of them unused
  const quads = width / 8 // fours of pairs in a row
  return `  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
${repeat(
  rowTiles,
  (r) => `
${r > 0 ? '  workgroupBarrier();' : ''}
${repeat(columns, (c) => `  subgroupMatrixStore<row_major>(&staged[subgroup], ${c * (matrixSize / 4)}u, c${r}_${c}, ${stride}u);`)}
  workgroupBarrier();
  for (var i = local; i < ${matrixSize * quads}u; i += ${matrixLanes * subgroups}u) {
    let row = firstRow + ${r * matrixSize}u + i / ${quads}u;
    if (row < p.rows) {
      let at = i / ${quads}u * ${stride}u + i % ${quads}u;
      var even = vec4f();
      var odd = vec4f();
      for (var s = 0u; s < ${subgroups}u; s++) {
        even += bitcast<vec4f>(staged[s][at]);
        odd += bitcast<vec4f>(staged[s][at + ${quads}u]);
      }
      let pair = firstPair + i % ${quads}u * 4u;
      let scale = scaleOf(row);
${repeat(4, (j) => `      finish(row, pair + ${j}u, vec2f(even.${'xyzw'[j]}, odd.${'xyzw'[j]}), scale);`)}
    }
  }`,
)}`
}
