import type { Codes } from '../../weights/codes.wgsl'
import type { Decoder } from '../../weights/decode.wgsl'
import { repeat } from '../repeat'
import { type DotTile, int8Slices } from './dot-tile'
import { blockVectors } from './int8-rows.wgsl'

/**
 * The loops over the blocks of slice `slice`: `depth` at a time, then half of that, at last one by one. Adds to
 * `sum<row>_<pair>`, and the squares of x to `square<row>` where there is a norm.
 */
export function dotUnits(tile: DotTile, decoder: Decoder, codes: Codes, norm: boolean): string {
  const loops = ['    var unit = slice;']
  for (let count: number = tile.depth; count >= 1; count /= 2)
    loops.push(
      `    for (; unit + ${int8Slices * (count - 1)}u < p.units; unit += ${int8Slices * count}u) {`,
      fetches(tile, decoder, count),
      repeat(count, (d) => unit(tile, codes, d, norm)),
      '    }',
    )
  return loops.join('\n')
}

function fetches({ pairs, lanes }: DotTile, decoder: Decoder, count: number): string {
  const block = (unit: string): string =>
    decoder.units === 1
      ? `firstBlock + ${unit}, 0u`
      : `firstBlock + ${unit} / ${decoder.units}u, ${unit} % ${decoder.units}u`
  return repeat(count, (d) =>
    [
      `      let unit${d} = unit + ${d * int8Slices}u;`,
      repeat(pairs, (pair) => `      let w${d}_${pair} = fetch(${block(`unit${d}`)}, pair + ${pair * lanes}u);`),
    ].join('\n'),
  )
}

const parities = ['even', 'odd'] as const

/** The d-th block: unpacked once, used for every row. */
function unit(tile: DotTile, codes: Codes, d: number, norm: boolean): string {
  const load = (row: number, vector: number): string => `x[x${row} + unit${d} * ${blockVectors}u + ${vector}u]`
  return [
    '      {',
    repeat(tile.pairs, (pair) =>
      parities
        .flatMap((parity) =>
          Array.from(
            { length: 8 },
            (_, i) => `        let ${parity}${pair}_${i} = ${codes.word(`w${d}_${pair}.${parity}`, i)};`,
          ),
        )
        .join('\n'),
    ),
    repeat(tile.rows, (row) =>
      [
        '        {',
        `          let a = ${load(row, 0)};`,
        `          let b = ${load(row, 1)};`,
        `          let m = ${load(row, 2)};`,
        '          let scale = bitcast<f32>(m.x);',
        norm ? `          square${row} += bitcast<f32>(m.z);` : '',
        repeat(tile.pairs, (pair) => dots(codes, d, row, pair)),
        '        }',
      ].join('\n'),
    ),
    '      }',
  ].join('\n')
}

/**
 * 1.5 · 2^23: added to the bits of it, an integer below 2^22 in size becomes a float by one subtraction, exactly. GPUs convert
 * integers at a fraction of the rate at which they add.
 */
const magic = { bits: '0x4b400000', value: '12582912.0' }

/** Adds one block's products of a row with one pair of outputs. */
function dots({ scales, offset, minimum }: Codes, d: number, row: number, pair: number): string {
  const size = 8 / scales.length
  const sum = `sum${row}_${pair}`
  const weight = (parity: string): string => `w${d}_${pair}.${parity}`
  /** The bits of `magic` less what the offset of the codes makes too much, then the dots, which hardware can add as it goes. */
  const integer = (parity: string, part: number): string => {
    const [whole, first] = ['bitcast<i32>(m.y)', 'bitcast<i32>(m.w)']
    const codeSum = scales.length === 1 ? whole : part === 0 ? first : `(${whole} - ${first})`
    const terms = Array.from({ length: size }, (_, i) => {
      const word = part * size + i
      return `dot4I8Packed(${parity}${pair}_${word}, ${word < 4 ? 'a' : 'b'}.${'xyzw'[word % 4]})`
    })
    const start = offset ? `${magic.bits} - ${codeSum} * ${offset}` : magic.bits
    return `bitcast<f32>(${[start, ...terms].join(' + ')}) - ${magic.value}`
  }
  const lines = scales.map((scale, part) => {
    const factors = `vec2f(${scale(weight('even'))}, ${scale(weight('odd'))}) * scale`
    return `${sum} = fma(${factors}, vec2f(${integer('even', part)}, ${integer('odd', part)}), ${sum});`
  })
  if (minimum) {
    const minima = `vec2f(${weight('even')}.minimum, ${weight('odd')}.minimum)`
    lines.push(`${sum} = fma(${minima}, vec2f(scale * f32(bitcast<i32>(m.y))), ${sum});`)
  }
  return lines.map((line) => `          ${line}`).join('\n')
}
