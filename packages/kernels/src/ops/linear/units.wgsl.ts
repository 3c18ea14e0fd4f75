import { codes, type QuantisedLayout } from '../../weights/codes.wgsl'
import type { Decoder } from '../../weights/decode.wgsl'
import { repeat } from '../repeat'
import type { ProductKernel } from './product-kernel'
import { floatSlices } from './tile'

/** Vectors of x, times pairs, up to which a lane holds them ahead of their use. */
const mostAhead = 64

/** Lines for each row and pair of a lane. */
export function eachSum({ tile }: ProductKernel, emit: (row: number, pair: number) => string): string {
  return repeat(tile.rows, (row) => repeat(tile.pairs, (pair) => emit(row, pair)))
}

/**
 * The loop over the units of slice `slice`, weights being fetched `depth` units ahead, and x where that is little. Adds to
 * `sum<row>_<pair>`; `square` makes the line that takes in the squares of a vector, from what loads it from a row's first index.
 */
export function unitLoop(
  kernel: ProductKernel,
  decoder: Decoder,
  square: (load: (first: string) => string) => string,
): string {
  const { tile, norm, ragged } = kernel
  const { depth, rows, pairs, lanes } = tile
  const { units, integers } = decoder
  const vectors = decoder.unitInputs / 4
  const ahead = !ragged && depth > 0 && rows * pairs * depth * vectors <= mostAhead
  /** Lines for each value that is read for unit `at`. */
  const reads = (emit: (name: string, type: string, value: string) => string): string =>
    repeat(pairs, (pair) =>
      emit(`w${pair}`, 'Pair', `fetch(firstBlock + at / ${units}u, at % ${units}u, pair + ${pair * lanes}u)`),
    ) + (ahead ? repeat(rows, (row) => emit(`u${row}`, `array<vec4f, ${vectors}>`, `x[x${row} + at]`)) : '')
  /** Reads a unit ahead; beyond the last one that one again, which nobody uses. */
  const read = (unit: string, d: number): string =>
    `{ let at = min(${unit}, p.units - 1u); ${reads((name, _, value) => `${name}_${d} = ${value};`)} }`

  /** Inputs 4j..4j+3 of the unit: decoded once, used for every row. */
  const vector = (j: number, four: Decoder['four'], sums: string, total: boolean): string => {
    const load = (array: string, first: string): string => {
      if (!ragged) return `${array}[${first} + unit][${j}]`
      const at = `unit * ${vectors}u + ${j}u`
      return `select(vec4f(), ${array}[${first} + ${at}], ${at} < p.vectors)`
    }
    return `{ ${norm === 'gain' ? `let g = ${load('gain', '0u')};` : ''}
${repeat(pairs, (pair) => `let even${pair} = ${four(`w${pair}.even`, j)}; let odd${pair} = ${four(`w${pair}.odd`, j)};`)}
${repeat(
  rows,
  (
    row,
  ) => `let v${row} = ${ahead ? `u${row}[${j}]` : load('x', `x${row}`)}; let y${row} = v${row}${norm === 'gain' ? ' * g' : ''};
${total ? `inputs${row} += (y${row}.x + y${row}.y) + (y${row}.z + y${row}.w);` : ''}
${repeat(pairs, (pair) => `${sums}${row}_${pair} = step(even${pair}, odd${pair}, y${row}, ${sums}${row}_${pair});`)}`,
)}
${norm ? square((first) => load(norm === 'gain' ? 'x' : norm, first)) : ''} }`
  }

  /** Integers are summed before their scale multiplies the sum. */
  const scaled = (four: Decoder['four']): string => {
    const { scales, minimum } = codes[kernel.decoder as QuantisedLayout]
    const size = vectors / scales.length
    const add = (row: number, pair: number, of: (row: string) => string, sum: string): string =>
      `sum${row}_${pair} = fma(vec2f(${of(`w${pair}.even`)}, ${of(`w${pair}.odd`)}), ${sum}, sum${row}_${pair});`
    return repeat(
      scales.length,
      (part) => `{ ${eachSum(kernel, (row, pair) => `var part${row}_${pair} = vec2f();`)}
${minimum ? repeat(rows, (row) => `var inputs${row} = 0.0;`) : ''}
${repeat(size, (i) => vector(part * size + i, four, 'part', minimum))}
${eachSum(
  kernel,
  (row, pair) => `${add(row, pair, scales[part] as (row: string) => string, `part${row}_${pair}`)}
${minimum ? add(row, pair, (row) => `${row}.minimum`, `vec2f(inputs${row})`) : ''}`,
)} }`,
    )
  }

  return `
${repeat(depth, (d) => `${reads((name, type) => `var ${name}_${d}: ${type};`)} ${read(`slice + ${d * floatSlices}u`, d)}`)}
  for (var unit = slice; unit < p.units; unit += ${floatSlices}u) {
let at = unit;
${reads((name, _, value) => `let ${name} = ${depth > 0 ? `${name}_0` : value};`)}
${repeat(depth - 1, (d) => reads((name) => `${name}_${d} = ${name}_${d + 1};`))}
${depth > 0 ? read(`unit + ${depth * floatSlices}u`, depth - 1) : ''}
${integers ? scaled(integers) : repeat(vectors, (j) => vector(j, decoder.four, 'sum', false))}
  }`
}
