import type { DeviceFacts } from '../../device'
import type { Decoder } from '../../weights/decode.wgsl'
import { repeat } from '../repeat'
import type { ProductKernel } from './product-kernel'
import { floatSlices, turnRows } from './tile'
import { eachSum, unitLoop } from './units.wgsl'

/**
 * Slices for groups of lanes, which meet in workgroup memory, in as many rounds as it takes, rows that do not fit there in turns;
 * a lane keeps the totals of one pair of outputs from round to round.
 */
export function parallelSlices(
  kernel: ProductKernel,
  decoder: Decoder,
  device: DeviceFacts,
): { memory: string; body: string } {
  const { tile, norm } = kernel
  const { lanes, pairs, atOnce } = tile
  const width = lanes * pairs
  const rows = turnRows(tile, device)
  const each = (emit: (turn: number) => string): string => repeat(tile.rows / rows, emit)
  const add = (total: string, sum: (slice: number) => string): string =>
    `${total} = ${[total, ...Array.from({ length: atOnce }, (_, slice) => sum(slice))].join(' + ')};`
  const memory = /* wgsl */ `
var<workgroup> sliceSums: array<array<array<vec2f, ${width}>, ${rows}>, ${atOnce}>;
${norm ? `var<workgroup> sliceSquares: array<array<f32, ${tile.rows}>, ${atOnce}>;` : ''}
`
  // Squares are the same for every output, so each lane takes those of one row.
  const own = `    let own = (min(firstRow + lane % ${tile.rows}u, p.rows - 1u) - firstOfX) * stride;\n    var square = 0.0;`
  const body = /* wgsl */ `
  let row = flat / ${width}u;
  let totalPair = flat % ${width}u;
${each((turn) => `  var total${turn} = vec2f();${norm ? ` var squares${turn} = 0.0;` : ''}`)}
  for (var round = 0u; round < min(${floatSlices}u, p.units); round += ${atOnce}u) {
    let slice = round + local.y;
${eachSum(kernel, (row, pair) => `    var sum${row}_${pair} = vec2f();`)}
${norm ? own : ''}
${unitLoop(kernel, decoder, (load) => `      square = stepSquare(${load('own')}, square);`)}
${each(
  (turn) => `
${turn > 0 || atOnce < floatSlices ? '    workgroupBarrier(); // earlier sums may still be read' : ''}
${norm ? `    if (lane < ${tile.rows}u) { sliceSquares[local.y][lane] = square; }` : ''}
${repeat(rows, (row) => repeat(pairs, (pair) => `    sliceSums[local.y][${row}][lane + ${pair * lanes}u] = sum${turn * rows + row}_${pair};`))}
    workgroupBarrier();
    if (row < ${rows}u) {
${add(`total${turn}`, (slice) => `sliceSums[${slice}][row][totalPair]`)}
${norm ? add(`squares${turn}`, (slice) => `sliceSquares[${slice}][row + ${turn * rows}u]`) : ''}
    }`,
)}
  }
${each(
  (turn) => `  if (row < ${rows}u && firstRow + row + ${turn * rows}u < p.rows) {
    finish(firstRow + row + ${turn * rows}u, firstPair + totalPair, total${turn}, scaleOf(${norm ? `squares${turn}` : '0.0'}));
  }`,
)}`
  return { memory, body }
}
