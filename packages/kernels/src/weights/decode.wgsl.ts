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
 * component carries its own power of two, which the scales undo; all of it is exact.
 */
const integers = /* wgsl */ `
const MAGIC = 0x4b000000u; // 2^23 as f32
const LOW = vec4<f32>(1.0, 256.0, 65536.0, 4096.0);
const HIGH = vec4<f32>(16.0, 4096.0, 256.0, 65536.0);
const BYTE = vec4<f32>(1.0, 256.0, 1.0, 256.0);
const PER_LOW = 1.0 / LOW;
const PER_HIGH = 1.0 / HIGH;
const PER_BYTE = 1.0 / BYTE;

// 2^23 + n · LOW for the low nibbles n of a word's four bytes
fn lowNibbles(word: u32) -> vec4<f32> {
  let fields = vec4<u32>(word, word, word, word >> 12u) & vec4<u32>(0xfu, 0xf00u, 0xf0000u, 0xf000u);
  return bitcast<vec4<f32>>(fields | vec4<u32>(MAGIC));
}

// 2^23 + n · HIGH for the high nibbles
fn highNibbles(word: u32) -> vec4<f32> {
  let shifted = word >> 12u;
  let fields = vec4<u32>(word, word, shifted, shifted) & vec4<u32>(0xf0u, 0xf000u, 0xf00u, 0xf0000u);
  return bitcast<vec4<f32>>(fields | vec4<u32>(MAGIC));
}

// 2^23 + n · BYTE for the bytes
fn bytes(word: u32) -> vec4<f32> {
  let shifted = word >> 16u;
  let fields = vec4<u32>(word, word, shifted, shifted) & vec4<u32>(0xffu, 0xff00u, 0xffu, 0xff00u);
  return bitcast<vec4<f32>>(fields | vec4<u32>(MAGIC));
}
`

const f32: Decoder = {
  unitInputs: 4,
  units: 1,
  wgsl: /* wgsl */ `
struct Block { values: array<vec4<u32>, 64> }
struct Row { values: vec4<u32> }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  return Pair(Row(weights[block].values[pair]), Row(weights[block].values[pair + 32u]));
}
`,
  four: (row) => `bitcast<vec4<f32>>(${row}.values)`,
}

const f16: Decoder = {
  ...f32,
  unitInputs: 8,
  four: (row, j) => {
    const words = j === 0 ? ['x', 'y'] : ['z', 'w']
    return `vec4<f32>(${words.map((word) => `unpack2x16float(${row}.values.${word})`).join(', ')})`
  },
}

const q4_0: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}
struct Block { nibbles: array<vec4<u32>, 64>, scales: array<u32, 32> }
struct Row { nibbles: vec4<u32>, scale: f32 }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = unpack2x16float(weights[block].scales[pair]);
  return Pair(Row(weights[block].nibbles[pair], scales.x), Row(weights[block].nibbles[pair + 32u], scales.y));
}

// (n - 8) · scale
fn low(word: u32, scale: f32) -> vec4<f32> {
  return (lowNibbles(word) - (8388608.0 + 8.0 * LOW)) * (scale * PER_LOW);
}

fn high(word: u32, scale: f32) -> vec4<f32> {
  return (highNibbles(word) - (8388608.0 + 8.0 * HIGH)) * (scale * PER_HIGH);
}
`,
  four: (row, j) => `${j % 2 === 0 ? 'low' : 'high'}(${row}.nibbles.${components[j >> 1]}, ${row}.scale)`,
}

/** n · scale + minimum */
const scaledNibbles = /* wgsl */ `
fn low(word: u32, scale: f32, minimum: f32) -> vec4<f32> {
  return fma(lowNibbles(word) - 8388608.0, scale * PER_LOW, vec4<f32>(minimum));
}

fn high(word: u32, scale: f32, minimum: f32) -> vec4<f32> {
  return fma(highNibbles(word) - 8388608.0, scale * PER_HIGH, vec4<f32>(minimum));
}
`

const q4_1: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}${scaledNibbles}
struct Block { nibbles: array<vec4<u32>, 64>, scales: array<u32, 64> }
struct Row { nibbles: vec4<u32>, scale: f32, minimum: f32 }
struct Pair { even: Row, odd: Row }

fn row(block: u32, slot: u32) -> Row {
  let scale = unpack2x16float(weights[block].scales[slot]);
  return Row(weights[block].nibbles[slot], scale.x, scale.y);
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  return Pair(row(block, pair), row(block, pair + 32u));
}
`,
  four: (row, j) =>
    `${j % 2 === 0 ? 'low' : 'high'}(${row}.nibbles.${components[j >> 1]}, ${row}.scale, ${row}.minimum)`,
}

const q8_0: Decoder = {
  unitInputs: 32,
  units: 1,
  wgsl: /* wgsl */ `${integers}
struct Block { first: array<vec4<u32>, 64>, second: array<vec4<u32>, 64>, scales: array<u32, 32> }
struct Row { first: vec4<u32>, second: vec4<u32>, scale: f32 }
struct Pair { even: Row, odd: Row }

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = unpack2x16float(weights[block].scales[pair]);
  let odd = pair + 32u;
  return Pair(
    Row(weights[block].first[pair], weights[block].second[pair], scales.x),
    Row(weights[block].first[odd], weights[block].second[odd], scales.y),
  );
}

// (n - 128) · scale
fn four(word: u32, scale: f32) -> vec4<f32> {
  return (bytes(word) - (8388608.0 + 128.0 * BYTE)) * (scale * PER_BYTE);
}
`,
  four: (row, j) => `four(${row}.${j < 4 ? 'first' : 'second'}.${components[j % 4]}, ${row}.scale)`,
}

const q4_k: Decoder = {
  unitInputs: 32,
  units: 8,
  wgsl: /* wgsl */ `${integers}${scaledNibbles}
struct Unit { nibbles: array<vec4<u32>, 64>, scales: array<u32, 32> }
struct Block { units: array<Unit, 8>, scales: array<u32, 64> }
struct Row { nibbles: vec4<u32>, scale: f32, minimum: f32 }
struct Pair { even: Row, odd: Row }

// scales: the unit's u8 scale and u8 minimum, in the low 16 bits
fn row(block: u32, unit: u32, slot: u32, scales: u32) -> Row {
  let scale = unpack2x16float(weights[block].scales[slot]);
  let factors = vec2<f32>(f32(scales & 0xffu), f32((scales >> 8u) & 0xffu));
  return Row(weights[block].units[unit].nibbles[slot], scale.x * factors.x, -(scale.y * factors.y));
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scales = weights[block].units[unit].scales[pair];
  return Pair(row(block, unit, pair, scales), row(block, unit, pair + 32u, scales >> 16u));
}
`,
  four: q4_1.four,
}

const q6_k: Decoder = {
  unitInputs: 32,
  units: 8,
  wgsl: /* wgsl */ `${integers}
struct Unit { nibbles: array<vec4<u32>, 64>, bits: array<vec2<u32>, 64>, scales: array<u32, 32> }
struct Block { units: array<Unit, 8>, scales: array<u32, 32> }
struct Row { nibbles: vec4<u32>, bits: vec2<u32>, scales: vec2<f32> }
struct Pair { even: Row, odd: Row }

// scales: two i8 in bits 0..7 and 8..15, for inputs 0..15 and 16..31
fn row(block: u32, unit: u32, slot: u32, scales: u32, scale: f32) -> Row {
  let factors = vec2<f32>(f32(extractBits(i32(scales), 0u, 8u)), f32(extractBits(i32(scales), 8u, 8u)));
  return Row(weights[block].units[unit].nibbles[slot], weights[block].units[unit].bits[slot], scale * factors);
}

fn fetch(block: u32, unit: u32, pair: u32) -> Pair {
  let scale = unpack2x16float(weights[block].scales[pair]);
  let scales = weights[block].units[unit].scales[pair];
  return Pair(row(block, unit, pair, scales, scale.x), row(block, unit, pair + 32u, scales >> 16u, scale.y));
}

// (n - 32) · scale; nibbles: 4 low bits a byte, bits: the 2 high ones in bits 4 and 5
fn four(nibbles: u32, bits: u32, scale: f32) -> vec4<f32> {
  let word = (nibbles & 0x0f0f0f0fu) | (bits & 0x30303030u);
  return (bytes(word) - (8388608.0 + 32.0 * BYTE)) * (scale * PER_BYTE);
}
`,
  four: (row, j) => {
    const half = components[j >> 2]
    const nibbles = `${row}.nibbles.${components[j >> 1]}${j % 2 === 0 ? '' : ' >> 4u'}`
    const bits = `${row}.bits.${half} ${['<< 4u', '<< 2u', '>> 0u', '>> 2u'][j % 4]}`
    return `four(${nibbles}, ${bits}, ${row}.scales.${half})`
  },
}

/** The decoder of each layout. */
export const decoders: Readonly<Record<Layout['decoder'], Decoder>> = { f32, f16, q4_0, q4_1, q8_0, q4_k, q6_k }
