import { INDEX } from '@outrider/core/spec'
import { decoders } from '../../weights/decode.wgsl'
import type { Layout } from '../../weights/layout'

/** Lanes of a workgroup: a unit of inputs each. */
export const lanes = 64

/** Decodes one row of a packed weight for each row of the pass, with the decoder of `linear`: a unit of inputs a lane. */
export function embedWgsl(name: Layout['decoder']): string {
  const decoder = decoders[name]
  const vectors = decoder.unitInputs / 4
  const stores = Array.from({ length: vectors }, (_, j) => {
    const store = `out[first + ${j}u] = select(${decoder.four('w.even', j)}, ${decoder.four('w.odd', j)}, isOdd);`
    return j === 0 ? `  ${store}` : `  if (unit * ${vectors}u + ${j}u < p.vectors) { ${store} }`
  })
  return /* wgsl */ `
struct Params { vectors: u32, units: u32, blocks: u32, firstPanel: u32, panels: u32, vocab: u32, firstRow: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> weights: array<Block>;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
${decoder.wgsl}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  let unit = group.x * ${lanes}u + lane;
  if (p.firstRow + row >= index[${INDEX.rows}] || unit >= p.units) { return; }
  let token = min(tokens[p.firstRow + row], p.vocab - 1u);
  let panel = token / 64u - p.firstPanel; // wraps where the panel lies in an earlier part
  if (panel >= p.panels) { return; }
  let w = fetch(panel * p.blocks + unit / ${decoder.units}u, unit % ${decoder.units}u, (token % 64u) / 2u);
  let isOdd = token % 2u == 1u;
  let first = row * p.vectors + unit * ${vectors}u;
${stores.join('\n')}
}
`
}
