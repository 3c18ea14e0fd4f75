import type { Decoder } from '../../weights/decode.wgsl'
import type { ProductKernel } from './product-kernel'
import { eachSum, range, sliceCount, unitLoops } from './units.wgsl'

/** All slices one after the other in each lane: no workgroup memory, no barrier. */
export function serialSlices(kernel: ProductKernel, decoder: Decoder): { memory: string; body: string } {
  const { tile, norm } = kernel
  const rows = (emit: (row: number) => string): string => (norm ? range(tile.rows, emit) : '')
  const body = /* wgsl */ `
${eachSum(kernel, (row, pair) => `  var total${row}_${pair} = vec2<f32>();`)}
${rows((row) => `  var squares${row} = 0.0;`)}
  for (var slice = 0u; slice < ${sliceCount}u; slice++) {
${eachSum(kernel, (row, pair) => `  var sum${row}_${pair} = vec2<f32>();`)}
${rows((row) => `  var square${row} = 0.0;`)}
${unitLoops(kernel, decoder, () => range(tile.rows, (row) => `      square${row} = stepSquare(v${row}, square${row});`))}
${eachSum(kernel, (row, pair) => `  total${row}_${pair} += sum${row}_${pair};`)}
${rows((row) => `  squares${row} += square${row};`)}
  }

  let firstPair = (p.firstPanel + panel) * 32u + pair;
${range(tile.rows, (row) =>
  [
    `  if (firstRow + ${row}u < p.rows) {`,
    `    let scale = ${norm ? `normScale(squares${row})` : '1.0'};`,
    range(
      tile.pairs,
      (pair) => `    finish(firstRow + ${row}u, firstPair + ${pair * tile.lanes}u, total${row}_${pair}, scale);`,
    ),
    '  }',
  ].join('\n'),
)}`
  return { memory: '', body }
}
