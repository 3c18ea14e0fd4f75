import { type Codes, codes } from './codes.wgsl'
import type { Layout } from './layout'

/**
 * How a kernel reads a layout. The module text declares `Block` (a packed block in memory), `Row` (one output's share of a
 * unit, in registers), `Pair` (two outputs' `Row`s, `even` and `odd`) and `fetch(block, unit, pair)`, which expects
 * `var<storage, read> weights: array<Block>`.
 */
export interface Decoder {
  /** Inputs of one unit, the stretch that one slice takes at a time. */
  readonly unitInputs: number
  /** Units of one block. */
  readonly units: number
  readonly wgsl: string
  /** Expression for inputs 4j..4j+3 of `row`, a WGSL expression of type `Row`: exactly the values that the format defines. */
  four(row: string, j: number): string
  /** Expression for the integers behind inputs 4j..4j+3 of `row`, their offset taken off, as floats; `codes` has their scales. */
  integers?(row: string, j: number): string
}

/** The decoder with other names for all that its module declares and for `weights`, to stand beside another. */
export function renamed(decoder: Decoder, suffix: string): Decoder {
  const names = [
    'weights',
    ...[...decoder.wgsl.matchAll(/\b(?:struct|fn|const|alias)\s+(\w+)/g)].map(([, name]) => name),
  ]
  const pattern = new RegExp(`\\b(${names.join('|')})\\b`, 'g')
  const rename = (text: string): string => text.replace(pattern, `$1${suffix}`)
  return { ...decoder, wgsl: rename(decoder.wgsl), four: (row, j) => rename(decoder.four(row, j)) }
}

const components: readonly string[] = ['x', 'y', 'z', 'w']

/**
 * Small integers become floats without a conversion: 2^23 + n has n in its low bits. Bit fields stay where they are, so each
 * component carries its own power of two, which the multiplication that takes 2^23 and the offset off undoes; all of it is exact.
 * Nibbles get the bits of 2^23 in a word at a time, so that each of them takes one mask.
 */
const integers = /* wgsl */ `
const MAGIC = 0x4b000000u; // 2^23 as f32
const PER_LOW = 1.0 / vec4f(1.0, 256.0, 65536.0, 4096.0);
const PER_HIGH = 1.0 / vec4f(16.0, 4096.0, 256.0, 65536.0);
const PER_BYTE = 1.0 / vec4f(1.0, 256.0, 1.0, 256.0);

// n - offset for the low nibbles n of a word's four bytes
fn low(word: u32, offset: f32) -> vec4f {
  let first = (word & 0xffffffu) | MAGIC;
  let fields = vec4u(first, first, first, (word >> 12u) | MAGIC);
  return fma(bitcast<vec4f>(fields & vec4u(0x4b00000fu, 0x4b000f00u, 0x4b0f0000u, 0x4b00f000u)), PER_LOW, -8388608.0 * PER_LOW - offset);
}

// n - offset for the high nibbles
fn high(word: u32, offset: f32) -> vec4f {
  let first = (word & 0xffffffu) | MAGIC;
  let second = (word >> 12u) | MAGIC;
  let fields = vec4u(first, first, second, second);
  return fma(bitcast<vec4f>(fields & vec4u(0x4b0000f0u, 0x4b00f000u, 0x4b000f00u, 0x4b0f0000u)), PER_HIGH, -8388608.0 * PER_HIGH - offset);
}

// n - offset for the bytes
fn bytes(word: u32, offset: f32) -> vec4f {
  let shifted = word >> 16u;
  let fields = vec4u(word, word, shifted, shifted) & vec4u(0xffu, 0xff00u, 0xffu, 0xff00u);
  return fma(bitcast<vec4f>(fields | vec4u(MAGIC)), PER_BYTE, -8388608.0 * PER_BYTE - offset);
}
`

/** What reads a quantised layout, from what reads its integers. */
function quantised(
  { scales, minimum }: Codes,
  integers: (row: string, j: number) => string,
): Pick<Decoder, 'four' | 'integers'> {
  return {
    integers,
    four: (row, j) => {
      const scale = scales[(j * scales.length) >> 3]?.(row)
      const n = integers(row, j)
      return minimum ? `fma(${n}, vec4f(${scale}), vec4f(${row}.minimum))` : `(${n} * ${scale})`
    },
  }
}

const nibbles =
  (offset: string) =>
  (row: string, j: number): string =>
    `${j % 2 === 0 ? 'low' : 'high'}(${row}.nibbles.${components[j >> 1]}, ${offset})`

const f32: Decoder = {
  unitInputs: 4,
  units: 1,
  wgsl: /* wgsl */ `
struct Block { values: array<vec4u, 64> }
struct Row { values: vec4u }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  return Pair(Row(weights[block].values[pair]), Row(weights[block].values[pair + 32u]));
}
`,
  four: (row) => `bitcast<vec4f>(${row}.values)`,
}

const f16: Decoder = {
  ...f32,
  unitInputs: 8,
  four: (row, j) => {
    const words = j === 0 ? ['x', 'y'] : ['z', 'w']
    return `vec4f(${words.map((word) => `unpack2x16float(${row}.values.${word})`).join(', ')})`
  },
}

const q4_0: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}
struct Block { nibbles: array<vec4u, 64>, scales: array<u32, 32> }
struct Row { nibbles: vec4u, scale: f32 }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = unpack2x16float(weights[block].scales[pair]);
  return Pair(Row(weights[block].nibbles[pair], scales.x), Row(weights[block].nibbles[pair + 32u], scales.y));
}
`,
  ...quantised(codes.q4_0, nibbles('8.0')),
}

const q4_1: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}
struct Block { nibbles: array<vec4u, 64>, scales: array<u32, 64> }
struct Row { nibbles: vec4u, scale: f32, minimum: f32 }
struct Pair { even: Row, odd: Row }

fn row(block: u32, slot: u32) -> Row {
  let scale = unpack2x16float(weights[block].scales[slot]);
  return Row(weights[block].nibbles[slot], scale.x, scale.y);
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  return Pair(row(block, pair), row(block, pair + 32u));
}
`,
  ...quantised(codes.q4_1, nibbles('0.0')),
}

const q8_0: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}
struct Block { first: array<vec4u, 64>, second: array<vec4u, 64>, scales: array<u32, 32> }
struct Row { first: vec4u, second: vec4u, scale: f32 }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = unpack2x16float(weights[block].scales[pair]);
  let odd = pair + 32u;
  return Pair(
    Row(weights[block].first[pair], weights[block].second[pair], scales.x),
    Row(weights[block].first[odd], weights[block].second[odd], scales.y),
  );
}
`,
  ...quantised(codes.q8_0, (row, j) => `bytes(${row}.${j < 4 ? 'first' : 'second'}.${components[j % 4]}, 128.0)`),
}

const q4_k: Decoder = {
  unitInputs: 32,
  units: 8,
  wgsl: /* wgsl */ `${integers}
struct Unit { nibbles: array<vec4u, 64>, scales: array<u32, 32> }
struct Block { units: array<Unit, 8>, scales: array<u32, 64> }
struct Row { nibbles: vec4u, scale: f32, minimum: f32 }
struct Pair { even: Row, odd: Row }

// scales: the unit's u8 scale and u8 minimum, in the low 16 bits
fn row(block: u32, unit: u32, slot: u32, scales: u32) -> Row {
  let scale = unpack2x16float(weights[block].scales[slot]);
  let factors = vec2f(f32(scales & 0xffu), f32((scales >> 8u) & 0xffu));
  return Row(weights[block].units[unit].nibbles[slot], scale.x * factors.x, -(scale.y * factors.y));
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = weights[block].units[unit].scales[pair];
  return Pair(row(block, unit, pair, scales), row(block, unit, pair + 32u, scales >> 16u));
}
`,
  ...quantised(codes.q4_k, nibbles('0.0')),
}

const q6_k: Decoder = {
  unitInputs: 32,
  units: 8,
  wgsl: /* wgsl */ `${integers}
struct Unit { nibbles: array<vec4u, 64>, bits: array<vec2u, 64>, scales: array<u32, 32> }
struct Block { units: array<Unit, 8>, scales: array<u32, 32> }
struct Row { nibbles: vec4u, bits: vec2u, scales: vec2f }
struct Pair { even: Row, odd: Row }

// scales: two i8 in bits 0..7 and 8..15, for inputs 0..15 and 16..31
fn row(block: u32, unit: u32, slot: u32, scales: u32, scale: f32) -> Row {
  let factors = vec2f(f32(extractBits(i32(scales), 0u, 8u)), f32(extractBits(i32(scales), 8u, 8u)));
  return Row(weights[block].units[unit].nibbles[slot], weights[block].units[unit].bits[slot], scale * factors);
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scale = unpack2x16float(weights[block].scales[pair]);
  let scales = weights[block].units[unit].scales[pair];
  return Pair(row(block, unit, pair, scales, scale.x), row(block, unit, pair + 32u, scales >> 16u, scale.y));
}

// nibbles: 4 low bits a byte, bits: the 2 high ones in bits 4 and 5
fn six(nibbles: u32, bits: u32) -> vec4f {
  return bytes((nibbles & 0x0f0f0f0fu) | (bits & 0x30303030u), 32.0);
}
`,
  ...quantised(codes.q6_k, (row, j) => {
    const nibbles = `${row}.nibbles.${components[j >> 1]}${j % 2 === 0 ? '' : ' >> 4u'}`
    const bits = `${row}.bits.${components[j >> 2]} ${['<< 4u', '<< 2u', '>> 0u', '>> 2u'][j % 4]}`
    return `six(${nibbles}, ${bits})`
  }),
}

/** The decoder of each layout. */
export const decoders: Readonly<Record<Layout['decoder'], Decoder>> = { f32, f16, q4_0, q4_1, q8_0, q4_k, q6_k }
