import type { Decoder } from '../../weights/decode.wgsl'
import type { ProductKernel } from './product-kernel'

/** Slices of K. */
export const sliceCount = 8

/** Lines for 0..count-1. */
export function range(count: number, emit: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => emit(i)).join('\n')
}

/** Lines for each row and pair of a lane. */
export function eachSum({ tile }: ProductKernel, emit: (row: number, pair: number) => string): string {
  return range(tile.rows, (row) => range(tile.pairs, (pair) => emit(row, pair)))
}

/**
 * The loops over the units of slice `slice`: `depth` at a time, then half of that, at last one by one. Adds to
 * `sum<row>_<pair>`; `square` makes the line that takes in the squares of a vector, from what loads it from a row's first index.
 */
export function unitLoops(
  kernel: ProductKernel,
  decoder: Decoder,
  square: (load: (first: string) => string) => string,
): string {
  const loops = ['  var unit = slice;']
  for (let count: number = kernel.tile.depth; count >= 1; count /= 2)
    loops.push(
      `  for (; unit + ${sliceCount * (count - 1)}u < p.units; unit += ${sliceCount * count}u) {`,
      units(kernel, decoder, square, count),
      '  }',
    )
  return loops.join('\n')
}

/** `count` units of the slice from `unit` on: all their weights are fetched, then used. */
function units(
  kernel: ProductKernel,
  decoder: Decoder,
  square: (load: (first: string) => string) => string,
  count: number,
): string {
  const { pairs, lanes } = kernel.tile
  const block = (unit: string): string =>
    decoder.units === 1
      ? `firstBlock + ${unit}, 0u`
      : `firstBlock + ${unit} / ${decoder.units}u, ${unit} % ${decoder.units}u`
  const fetches = range(count, (d) =>
    [
      `    let unit${d} = unit + ${d * sliceCount}u;`,
      range(pairs, (pair) => `    let w${d}_${pair} = fetch(${block(`unit${d}`)}, pair + ${pair * lanes}u);`),
    ].join('\n'),
  )
  const uses = range(count, (d) => range(decoder.unitInputs / 4, (j) => vector(kernel, decoder, square, d, j)))
  return `${fetches}\n${uses}`
}

/** Inputs 4j..4j+3 of the d-th unit: decoded once, used for every row. */
function vector(
  { tile, norm, ragged }: ProductKernel,
  decoder: Decoder,
  square: (load: (first: string) => string) => string,
  d: number,
  j: number,
): string {
  const load = (array: string, first: string): string => {
    if (!ragged) return `${array}[${first} + unit${d}][${j}]`
    const at = `unit${d} * ${decoder.unitInputs / 4}u + ${j}u`
    return `select(vec4<f32>(), ${array}[${first} + ${at}], ${at} < p.vectors)`
  }
  const weight = (pair: number, parity: 'even' | 'odd'): string =>
    `      let ${parity}${pair} = ${decoder.four(`w${d}_${pair}.${parity}`, j)}${norm ? ' * g' : ''};`
  return [
    '    {',
    norm ? `      let g = ${load('gain', '0u')};` : '',
    range(tile.pairs, (pair) => `${weight(pair, 'even')}\n${weight(pair, 'odd')}`),
    range(tile.rows, (row) =>
      [
        `      let v${row} = ${load('x', `x${row}`)};`,
        range(
          tile.pairs,
          (pair) => `      sum${row}_${pair} = step(even${pair}, odd${pair}, v${row}, sum${row}_${pair});`,
        ),
      ].join('\n'),
    ),
    norm ? square((first) => load('x', first)) : '',
    '    }',
  ].join('\n')
}
