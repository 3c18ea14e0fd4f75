import type { Layout } from './layout'

/** A layout whose weights are integer codes with scales. */
export type QuantisedLayout = Exclude<Layout['decoder'], 'f32' | 'f16'>

/**
 * The integers behind a layout, read from the same `Row`s as its decoder reads (`decode.wgsl.ts`): a weight is
 * (code - offset) · scale + minimum.
 */
export interface Codes {
  /** What the packed codes are too large by. */
  readonly offset: number
  /** Expressions for the scale of inputs 0..31 of a `Row`, or for one of 0..15 and one of 16..31. */
  readonly scales: readonly ((row: string) => string)[]
  /** Whether `Row` has a `minimum` that is added to every weight. */
  readonly minimum: boolean
  /** Expression for the codes of inputs 4i..4i+3 of `row`, i 0..7, as four signed bytes of a word. */
  word(row: string, i: number): string
}

const components: readonly string[] = ['x', 'y', 'z', 'w']
const scale = (row: string): string => `${row}.scale`

/** Four bits each, in canonical order (`repack-quants.ts`). */
function nibbles(row: string, i: number): string {
  return `(${row}.nibbles.${components[i >> 1]}${i % 2 === 0 ? '' : ' >> 4u'}) & 0x0f0f0f0fu`
}

const q4_1: Codes = { offset: 0, scales: [scale], minimum: true, word: nibbles }

/** The integers of each quantised layout. */
export const codes: Readonly<Record<QuantisedLayout, Codes>> = {
  q4_0: { offset: 8, scales: [scale], minimum: false, word: nibbles },
  q4_1,
  q4_k: q4_1,
  q8_0: {
    offset: 0,
    scales: [scale],
    minimum: false,
    word: (row, i) => `${row}.${i < 4 ? 'first' : 'second'}.${components[i % 4]} ^ 0x80808080u`, // packed with 128 added
  },
  q6_k: {
    offset: 32,
    scales: [(row) => `${row}.scales.x`, (row) => `${row}.scales.y`],
    minimum: false,
    word: (row, i) => {
      const bits = `${row}.bits.${components[i >> 2]} ${['<< 4u', '<< 2u', '>> 0u', '>> 2u'][i % 4]}`
      return `(${nibbles(row, i)}) | ((${bits}) & 0x30303030u)`
    },
  },
}
