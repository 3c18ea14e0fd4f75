import { INDEX } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { type Decoder, decoders } from '../../weights/decode.wgsl'
import type { Layout } from '../../weights/layout'
import { workgroupSum } from '../reduce.wgsl'

/** What one part of a joined row is made of. */
export interface PartForm {
  /** The decoder of the table that embeddings come from; null for rows of a tensor. */
  readonly embeds: Layout['decoder'] | null
  /** Norms, one after the other: each binds its gain. */
  readonly norms: number
}

/** Parts that stand side by side; at most one is embedded. */
export interface JoinForm {
  readonly parts: readonly PartForm[]
}

/** Lanes of a workgroup. */
const lanes = 256

/** Members of `Params` for part `i`, those of its norms last. */
function params({ embeds, norms }: PartForm, i: number): readonly string[] {
  return [
    `width${i}: u32`,
    `column${i}: u32`,
    ...(embeds ? [`units${i}: u32`, `blocks${i}: u32`, `vocab${i}: u32`, `firstRow${i}: u32`] : []),
    `inverseWidth${i}: f32`,
    ...Array.from({ length: norms }, (_, n) => `eps${i}_${n}: f32`),
  ]
}

function bindings({ embeds, norms }: PartForm, i: number): readonly string[] {
  return [
    ...(embeds ? ['weights: array<Block>', 'tokens: array<u32>', 'index: array<u32>'] : [`x${i}: array<f32>`]),
    ...Array.from({ length: norms }, (_, n) => `gain${i}_${n}: array<f32>`),
  ].map((variable) => `var<storage, read> ${variable}`)
}

/**
 * Parts side by side, a workgroup for each row and part: group.x is the row, group.y the part. Parts are f32 [rows, width], gains f32
 * [width]; out f32 [rows, outWidth]. A norm takes the squares as `rmsNorm` does, to the same bits.
 */
export function joinWgsl({ parts }: JoinForm, device: DeviceFacts): string {
  const sum = workgroupSum(device, lanes)
  const table = parts.find(({ embeds }) => embeds)?.embeds
  const decoder = table ? decoders[table] : undefined
  const normed = parts.some(({ norms }) => norms > 0)
  const members = ['outWidth: u32', ...parts.flatMap(params)]
  const variables = ['var<uniform> p: Params', ...parts.flatMap(bindings), 'var<storage, read_write> out: array<f32>']
  return /* wgsl */ `
${normed ? sum.enable : ''}
struct Params { ${members.join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}
${decoder?.wgsl ?? ''}
${normed ? sum.functions : ''}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${normed ? sum.parameter : ''}) {
  let row = group.x;
${parts
  .map(
    (part, i) => `  if (group.y == ${i}u) {
    let to = row * p.outWidth + p.column${i};
${part.embeds ? embedPart(decoder as Decoder, i) : ''}
${normPart(part, i)}
  }`,
  )
  .join('\n')}
}`
}

/** The embedding of the row's token, as it is; a row that is padding gets none. */
function embedPart(decoder: Decoder, i: number): string {
  const vectors = decoder.unitInputs / 4
  const stores = Array.from({ length: decoder.unitInputs }, (_, k) => {
    const four = `four${Math.floor(k / 4)}.${'xyzw'[k % 4]}`
    return `if (first + ${k}u < p.width${i}) { out[to + first + ${k}u] = ${four}; }`
  })
  return `    if (p.firstRow${i} + row >= index[${INDEX.rows}]) { return; }
    let token = min(tokens[p.firstRow${i} + row], p.vocab${i} - 1u);
    for (var unit = lane; unit < p.units${i}; unit += ${lanes}u) {
      let w = fetch((token / 64u) * p.blocks${i} + unit / ${decoder.units}u, unit % ${decoder.units}u, (token % 64u) / 2u);
      let isOdd = token % 2u == 1u;
      let first = unit * ${decoder.unitInputs}u;
${Array.from({ length: vectors }, (_, j) => `      let four${j} = select(${decoder.four('w.even', j)}, ${decoder.four('w.odd', j)}, isOdd);`).join('\n')}
      ${stores.join('\n      ')}
    }`
}

/** The norms of a part, or the copy of one that has none. An embedding stands in `out` already, and what one norm made does. */
function normPart({ embeds, norms }: PartForm, i: number): string {
  if (norms === 0)
    return embeds
      ? ''
      : `    for (var k = lane; k < p.width${i}; k += ${lanes}u) { out[to + k] = x${i}[row * p.width${i} + k]; }`
  return Array.from({ length: norms }, (_, n) => {
    const inPlace = embeds !== null || n > 0
    const value = inPlace ? 'out[to + k]' : `x${i}[row * p.width${i} + k]`
    return `    ${inPlace ? 'storageBarrier();' : ''}
    {
      var squares = 0.0;
      for (var k = lane; k < p.width${i}; k += ${lanes}u) {
        let value = ${value};
        squares = fma(value, value, squares);
      }
      let scale = 1.0 / sqrt(fma(workgroupSum(squares, lane, width), p.inverseWidth${i}, p.eps${i}_${n}));
      for (var k = lane; k < p.width${i}; k += ${lanes}u) { out[to + k] = ${value} * scale * gain${i}_${n}[k]; }
    }`
  }).join('\n')
}
