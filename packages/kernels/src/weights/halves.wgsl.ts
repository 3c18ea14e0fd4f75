import { decoders } from './decode.wgsl'
import type { Layout } from './layout'

/** Declares `eight`: eight numbers as binary16, two a word, in the order 0 2, 4 6, 1 3, 5 7 of packed nibbles. */
export const eightWgsl: string = /* wgsl */ `
fn eight(a: vec4f, b: vec4f) -> vec4u {
  return vec4u(pack2x16float(a.xz), pack2x16float(b.xz), pack2x16float(a.yw), pack2x16float(b.yw));
}
`

/**
 * How the arithmetic f16 reads a layout: 32 inputs of one output, first as they lie in memory, so that nothing waits for what
 * is fetched ahead, then as halves.
 */
export interface HalfDecoder {
  /**
   * Declares `Raw`, `raw(firstBlock: u32, unit: u32, slot: u32) -> Raw` (the last block stands for those beyond it) and
   * `halves(raw: Raw, slot: u32) -> array<vec4u, 4>`, each vector as of `eight`. Expects the decoder's text,
   * `var<storage, read> weights: array<Block>` and `p.blocks`.
   */
  readonly wgsl: string
}

const components: readonly string[] = ['x', 'y', 'z', 'w']

/** The text for `fields` of a `Raw`, which `load` reads from `weights[block]`; `body` makes the halves. */
function text(fields: string, load: string, body: string): string {
  return /* wgsl */ `
struct Raw { ${fields} }
fn raw(firstBlock: u32, unit: u32, slot: u32) -> Raw {
${load}
}
fn halves(raw: Raw, slot: u32) -> array<vec4u, 4> {
${body}
}
`
}

/** Halves of what the layout's own decoder gives, rounded once; numbers that are too large become the largest. */
function throughFloats(layout: Layout['decoder'], row: string): string {
  const four = (j: number): string => `clamp(${decoders[layout].four('row', j)}, vec4f(-65504.0), vec4f(65504.0))`
  const eights = [0, 1, 2, 3].map((i) => `eight(${four(2 * i)}, ${four(2 * i + 1)})`)
  return `  let row = ${row};\n  return array<vec4u, 4>(${eights.join(', ')});`
}

const oneBlock = '  let block = firstBlock + min(unit, p.blocks - 1u);'
const scaleOfPair = 'select(unpack2x16float(raw.scales).x, unpack2x16float(raw.scales).y, slot >= 32u)'

/** Plain numbers: `blocks` blocks of one vector make 32 inputs. */
function plain(layout: 'f32' | 'f16', blocks: number): HalfDecoder {
  const vectors = Array.from(
    { length: blocks },
    (_, i) => `weights[firstBlock + min(unit * ${blocks}u + ${i}u, p.blocks - 1u)].values[slot]`,
  )
  const eights = [0, 1, 2, 3].map((i) => {
    const fours = [2 * i, 2 * i + 1].map((j) => {
      const [vector, part] = layout === 'f32' ? [j, 0] : [j >> 1, j & 1]
      return `clamp(${decoders[layout].four(`Row(raw.values[${vector}])`, part)}, vec4f(-65504.0), vec4f(65504.0))`
    })
    return `eight(${fours.join(', ')})`
  })
  return {
    wgsl: text(
      `values: array<vec4u, ${blocks}>`,
      `  return Raw(array<vec4u, ${blocks}>(${vectors.join(', ')}));`,
      `  return array<vec4u, 4>(${eights.join(', ')});`,
    ),
  }
}

/**
 * Integers become halves without a conversion: 1024 + n has n in its low bits. `fields` gives the expressions of the four pairs
 * of fields of inputs 8i..8i+7, `value` the weights from the integers plus 1024. That compilers do not know the bits of 1024
 * leaves them in a register, so that one instruction takes a field and puts them in.
 */
function throughIntegers(
  scale: string,
  fields: (i: number) => readonly string[],
  value: (pair: string) => string,
): string {
  const vectors = [0, 1, 2, 3].map((i) => {
    const pairs = fields(i).map((field) => `bitcast<u32>(${value(`bitcast<vec2h>(${field} | magic)`)})`)
    return `vec4u(${pairs.join(', ')})`
  })
  return `${scale}\n  let magic = select(0u, 0x64006400u, p.rows > 0u);\n  return array<vec4u, 4>(\n    ${vectors.join(',\n    ')},\n  );`
}

const nibbleFields = (i: number): readonly string[] =>
  [0, 4, 8, 12].map((shift) => `((raw.nibbles.${components[i]} >> ${shift}u) & 0x000f000fu)`)

const byteFields = (i: number): readonly string[] =>
  [0, 8].flatMap((shift) =>
    [0, 1].map(
      (word) => `((raw.${i < 2 ? 'first' : 'second'}.${components[(2 * i + word) % 4]} >> ${shift}u) & 0x00ff00ffu)`,
    ),
  )

const halfScale = `  let scales = bitcast<vec2h>(raw.scales);
  let scale = vec2h(select(scales.x, scales.y, slot >= 32u));`

/** The reader of each layout. */
export const halfDecoders: Readonly<Record<Layout['decoder'], HalfDecoder>> = {
  f32: plain('f32', 8),
  f16: plain('f16', 4),
  q4_0: {
    wgsl: text(
      'nibbles: vec4u, scales: u32',
      `${oneBlock}\n  return Raw(weights[block].nibbles[slot], weights[block].scales[slot & 31u]);`,
      throughIntegers(halfScale, nibbleFields, (pair) => `(${pair} - vec2h(1032.0h)) * scale`),
    ),
  },
  q4_1: {
    wgsl: text(
      'nibbles: vec4u, scale: u32',
      `${oneBlock}\n  return Raw(weights[block].nibbles[slot], weights[block].scales[slot]);`,
      throughIntegers(
        '  let scales = bitcast<vec2h>(raw.scale);\n  let scale = scales.xx;\n  let minimum = scales.yy;',
        nibbleFields,
        (pair) => `fma(${pair} - vec2h(1024.0h), scale, minimum)`,
      ),
    ),
  },
  q8_0: {
    wgsl: text(
      'first: vec4u, second: vec4u, scales: u32',
      `${oneBlock}\n  return Raw(weights[block].first[slot], weights[block].second[slot], weights[block].scales[slot & 31u]);`,
      throughIntegers(halfScale, byteFields, (pair) => `(${pair} - vec2h(1152.0h)) * scale`),
    ),
  },
  q4_k: {
    wgsl: text(
      'nibbles: vec4u, factors: u32, scale: u32',
      `  let block = firstBlock + min(unit / 8u, p.blocks - 1u);
  let part = unit % 8u;
  return Raw(
    weights[block].units[part].nibbles[slot],
    weights[block].units[part].scales[slot & 31u],
    weights[block].scales[slot],
  );`,
      `  let factors = raw.factors >> select(0u, 16u, slot >= 32u);
  let scales = unpack2x16float(raw.scale) * vec2f(f32(factors & 0xffu), f32((factors >> 8u) & 0xffu));
${throughFloats('q4_k', 'Row(raw.nibbles, scales.x, -scales.y)')}`,
    ),
  },
  q6_k: {
    wgsl: text(
      'nibbles: vec4u, bits: vec2u, factors: u32, scales: u32',
      `  let block = firstBlock + min(unit / 8u, p.blocks - 1u);
  let part = unit % 8u;
  return Raw(
    weights[block].units[part].nibbles[slot],
    weights[block].units[part].bits[slot],
    weights[block].units[part].scales[slot & 31u],
    weights[block].scales[slot & 31u],
  );`,
      `  let shifted = i32(raw.factors >> select(0u, 16u, slot >= 32u));
  let factors = vec2f(f32(extractBits(shifted, 0u, 8u)), f32(extractBits(shifted, 8u, 8u)));
${throughFloats('q6_k', `Row(raw.nibbles, raw.bits, ${scaleOfPair} * factors)`)}`,
    ),
  },
}
