import { INDEX } from '@outrider/core/spec'
import type { Shader } from '../../shader'
import { decoders } from '../../weights/decode.wgsl'
import { eightWgsl, halfDecoders } from '../../weights/halves.wgsl'
import type { Layout } from '../../weights/layout'
import type { Epilogue } from '../linear/product.wgsl'
import { repeat } from '../repeat'
import { keepEightWgsl, keepHalvesWgsl } from './half-rows.wgsl'
import { columnVectors, type MatrixTile, matrixLanes, matrixSize, type RowTiles, subgroupVectors } from './matrix-tile'

/** What the text of a product of matrices depends on. */
export interface MatrixForm<E> {
  readonly decoder: Layout['decoder']
  readonly tile: MatrixTile
  readonly rowTiles: RowTiles
  /** Whether x is normalised: the squares of its rows divide the sums. */
  readonly norm: boolean
  /** Whether rows from `index[rows]` on are left out: binds the index. */
  readonly bounded: boolean
  /** Whether what is stored is rounded to halves too, times a gain or as it is. */
  readonly twin: 'none' | 'plain' | 'gain'
  readonly epilogue: E
}

/** Members of `Params` that the product itself uses; `matrix-product.ts` fills them in this order. */
const productParams: readonly string[] = [
  'rows: u32', // rows of x in use
  'steps: u32', // steps along K of all subgroups
  'blocks: u32', // packed blocks of one panel
  'firstPanel: u32', // panel of the weight that the bound part begins with
  'firstRow: u32', // row of the tree that row 0 is
  'rowTile: u32', // 32 vec4s of x from one row tile to the next
  'squares: u32', // from its tiles to its squares
  'inverseInputs: f32',
  'eps: f32',
  'twinTiles: u32', // tiles along the outputs of their copy
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
      ...(form.twin === 'gain' ? ['var<storage, read> twinGain: array<vec4f>'] : []),
      ...(form.twin === 'none' ? [] : ['var<storage, read_write> twin: array<u32>']),
    ]
    const { outputsOfPair } = epilogue
    const keeps = form.twin === 'none' ? undefined : outputsOfPair
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
${keeps === 1 ? keepHalvesWgsl : keeps === 2 ? keepEightWgsl(form.twin === 'gain') : ''}
${epilogue.wgsl}
${main(form, keeps)}`
  }
}

function main(form: MatrixForm<unknown>, keeps: 1 | 2 | undefined): string {
  const { tile, rowTiles, bounded } = form
  const { columns, subgroups } = tile
  const width = columns * matrixSize
  const groups = 64 / width
  return /* wgsl */ `
alias Left = subgroup_matrix_left<f16, ${matrixSize}, ${matrixSize}>;
alias Right = subgroup_matrix_right<f16, ${matrixSize}, ${matrixSize}>;
alias Sums = subgroup_matrix_result<f32, ${matrixSize}, ${matrixSize}>;

// [subgroup, column, inputs] halves of a step; later [subgroup, row, column] f32 sums. Columns: even outputs, then odd ones.
// eighths: [row, eight outputs] squares.
var<workgroup> staged: array<array<vec4u, ${subgroupVectors(tile)}>, ${subgroups}>;
${keeps === 2 && form.twin === 'gain' ? `var<workgroup> eighths: array<f32, ${matrixSize * (width / 8)}>;` : ''}

@compute @workgroup_size(${matrixLanes * subgroups})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let firstRow = group.x * ${rowTiles * matrixSize}u;
  ${bounded ? `if (p.firstRow + firstRow >= index[${INDEX.rows}]) { return; }` : ''}
  let lane = local % ${matrixLanes}u;
  let subgroup = local / ${matrixLanes}u;
  let panel = group.y / ${groups}u;
  let groupPair = (group.y % ${groups}u) * ${width / 2}u; // of the panel
  let firstBlock = panel * p.blocks;
  let firstTile = group.x * ${rowTiles}u * p.rowTile;
${products(form)}
${sums(form, keeps)}
}
`
}

/** Adds up the subgroup's share of the products in `c<row tile>_<column tile>`. */
function products({ tile, rowTiles, norm }: MatrixForm<unknown>): string {
  const { columns, subgroups, inputs, depth } = tile
  const width = columns * matrixSize
  const stride = columnVectors(inputs)
  const tilesAStep = inputs / matrixSize
  const units = inputs / 32 // of one output in a step
  const items = (width * units) / matrixLanes // units of a lane in a step
  const each = (emit: (i: number) => string): string => repeat(items, emit)
  const eachTile = (across: number, emit: (k: number, i: number) => string): string =>
    repeat(tilesAStep, (k) => repeat(across, (i) => emit(k, i)))
  // A lane adds the squares of one row of each row tile, every other tile along K.
  const eachSquare = (emit: (j: number, r: number) => string): string =>
    norm ? repeat(tilesAStep / 2, (j) => repeat(rowTiles, (r) => emit(j, r))) : ''
  // Activations as far ahead as weights: loads return in their order, so that later ones would wait for weights of later steps.
  const fetchWeights = (z: number, step: string): string =>
    each((i) => `      w${i}_${z} = raw(firstBlock, (${step}) * ${units}u + unit${i}, slot${i});`)
  // Constants are added last: sums of them with what is not yet known take an H200 a third longer.
  const fetchActivations = (z: number, step: string): string =>
    eachTile(
      rowTiles,
      (k, r) =>
        `      a${k}_${r}_${z} = subgroupMatrixLoad<Left, row_major>(&x[firstTile + ${r}u * p.rowTile + (${step}) * ${tilesAStep}u + ${k}u], 0u, 2u);`,
    )
  const fetchSquares = (z: number, step: string): string =>
    eachSquare(
      (j, r) => `      { let tile = (${step}) * ${tilesAStep}u + ${2 * j}u + lane / 16u;
        n${j}_${r}_${z} = x[firstTile + ${r}u * p.rowTile + p.squares + tile / 8u][tile % 8u * 4u + lane % 16u / 4u][lane % 4u]; }`,
    )
  const inside = (z: number): string => `first + ${z * subgroups}u < p.steps`
  // A branch each: in one of several, a driver issues the loads in an order that they wait for each other.
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
${eachSquare((j, r) => `    squares${r} += bitcast<f32>(n${j}_${r}_${z});`)}
    if (${inside(z + depth)}) {
${fetchActivations(z, `first + ${(z + depth) * subgroups}u + subgroup`)}
    }
    if (${inside(z + depth)}) {
${fetchSquares(z, `first + ${(z + depth) * subgroups}u + subgroup`)}
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
${repeat(rowTiles, (r) => `  var squares${r} = 0.0;`)}
${each(
  (i) => `  let column${i} = (lane + ${i * matrixLanes}u) % ${width}u;
  let unit${i} = (lane + ${i * matrixLanes}u) / ${width}u;
  let slot${i} = column${i} / ${width / 2}u * 32u + groupPair + column${i} % ${width / 2}u;
  let to${i} = column${i} * ${stride}u + unit${i} * 4u;`,
)}
${repeat(depth, (z) => `${each((i) => `  var w${i}_${z}: Raw;`)}\n${eachTile(rowTiles, (k, r) => `  var a${k}_${r}_${z}: Left;`)}\n${eachSquare((j, r) => `  var n${j}_${r}_${z}: u32;`)}\n${fetchWeights(z, `${z * subgroups}u + subgroup`)}\n${fetchActivations(z, `${z * subgroups}u + subgroup`)}\n${fetchSquares(z, `${z * subgroups}u + subgroup`)}`)}
  for (var first = 0u; first < p.steps; first += ${subgroups * depth}u) {
${repeat(depth, step)}
  }`
}

/** Adds the subgroups' sums, one row tile after the other, and finishes four pairs of outputs a lane. */
function sums({ tile, rowTiles, norm, twin }: MatrixForm<unknown>, keeps: 1 | 2 | undefined): string {
  const { columns, subgroups } = tile
  const width = columns * matrixSize
  const stride = width / 4 + 1 // vec4s of a row of sums, one of them unused
  const quads = width / 8 // fours of pairs in a row
  const squared = keeps === 2 && twin === 'gain'
  const squaresAt = matrixSize * stride // behind the sums, where there is room for a word of each lane
  return `  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
${repeat(
  rowTiles,
  (r) => `
${r > 0 ? '  workgroupBarrier();' : ''}
${repeat(columns, (c) => `  subgroupMatrixStore<row_major>(&staged[subgroup], ${c * (matrixSize / 4)}u, c${r}_${c}, ${stride}u);`)}
${norm ? `  staged[subgroup][${squaresAt}u + lane / 4u][lane % 4u] = bitcast<vec4u>(vec4f(squares${r})).x;` : ''}
  workgroupBarrier();
  for (var i = local; i < ${matrixSize * quads}u; i += ${matrixLanes * subgroups}u) {
    let own = i / ${quads}u; // row of the row tile
    let row = firstRow + ${r * matrixSize}u + own;
    if (row < p.rows) {
      let at = own * ${stride}u + i % ${quads}u;
      var even = vec4f();
      var odd = vec4f();
      var total = 0.0;
      for (var s = 0u; s < ${subgroups}u; s++) {
        even += bitcast<vec4f>(staged[s][at]);
        odd += bitcast<vec4f>(staged[s][at + ${quads}u]);
        ${norm ? `for (var half = 0u; half < 8u; half += 4u) { total += bitcast<f32>(staged[s][${squaresAt}u + half + own / 4u][own % 4u]); }` : ''}
      }
      let pair = firstPair + i % ${quads}u * 4u;
      let scale = ${norm ? '4.0 / sqrt(fma(total, p.inverseInputs, p.eps))' : '4.0'};
${repeat(4, (j) => `      ${keeps ? `let v${j} = ` : ''}finish(row, pair + ${j}u, vec2f(even.${'xyzw'[j]}, odd.${'xyzw'[j]}), scale);`)}
      ${keeps === 1 ? 'keepHalves(row, p.twinTiles, pair / 4u, vec4f(v0, v1, v2, v3));' : ''}
      ${keeps === 2 ? `${squared ? 'eighths[i]' : '_'} = keepEight(row, p.twinTiles, pair / 4u, vec4f(v0, v1), vec4f(v2, v3));` : ''}
    }
  }
${
  squared
    ? `  workgroupBarrier();
  for (var i = local; i < ${(matrixSize * quads) / 2}u; i += ${matrixLanes * subgroups}u) {
    // There is room for those of rows that are not in use.
    keepSquares(firstRow + ${r * matrixSize}u + i / ${quads / 2}u, p.twinTiles, firstPair / 8u + i % ${quads / 2}u, eighths[2u * i] + eighths[2u * i + 1u]);
  }`
    : ''
}`,
)}`
}
