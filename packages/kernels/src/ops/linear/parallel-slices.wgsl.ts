import type { Decoder } from '../../weights/decode.wgsl'
import type { ProductKernel } from './product-kernel'
import { eachSum, sliceCount, unitLoops } from './units.wgsl'

/** A slice for each of eight groups of lanes; the sums meet in workgroup memory, and all lanes share in the epilogue. */
export function parallelSlices(kernel: ProductKernel, decoder: Decoder): { memory: string; body: string } {
  const { tile, norm } = kernel
  const width = tile.lanes * tile.pairs
  const memory = /* wgsl */ `
var<workgroup> sliceSums: array<array<array<vec2<f32>, ${width}>, ${tile.rows}>, ${sliceCount}>;
${norm ? `var<workgroup> sliceSquares: array<array<f32, ${tile.rows}>, ${sliceCount}>;` : ''}

fn combined(row: u32, pair: u32) -> vec2<f32> {
  var sum = vec2<f32>();
  for (var s = 0u; s < ${sliceCount}u; s++) { sum += sliceSums[s][row][pair]; }
  return sum;
}

fn scaleOf(row: u32) -> f32 {
  ${norm ? `var sum = 0.0;\n  for (var s = 0u; s < ${sliceCount}u; s++) { sum += sliceSquares[s][row]; }\n  return normScale(sum);` : 'return 1.0;'}
}
`
  // Squares are the same for every output, so each lane takes those of one row.
  const own = `  let own = (min(firstRow + lane % ${tile.rows}u, p.rows - 1u) - firstOfX) * stride;\n  var square = 0.0;`
  const body = /* wgsl */ `
  let slice = local.y;
${eachSum(kernel, (row, pair) => `  var sum${row}_${pair} = vec2<f32>();`)}
${norm ? own : ''}
${unitLoops(kernel, decoder, (load) => `      square = stepSquare(${load('own')}, square);`)}

${eachSum(kernel, (row, pair) => `  sliceSums[slice][${row}][lane + ${pair * tile.lanes}u] = sum${row}_${pair};`)}
  ${norm ? `if (lane < ${tile.rows}u) { sliceSquares[slice][lane] = square; }` : ''}
  workgroupBarrier();
  let firstPair = (p.firstPanel + panel) * 32u + groupPair;
  for (var i = slice * ${tile.lanes}u + lane; i < ${tile.rows * width}u; i += ${tile.lanes * sliceCount}u) {
    let row = i / ${width}u;
    if (firstRow + row < p.rows) {
      finish(firstRow + row, firstPair + i % ${width}u, combined(row, i % ${width}u), scaleOf(row));
    }
  }`
  return { memory, body }
}
