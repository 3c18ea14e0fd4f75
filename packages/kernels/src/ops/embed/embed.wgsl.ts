import { INDEX } from '@outrider/core/spec'
import { decoders } from '../../weights/decode.wgsl'
import type { Layout } from '../../weights/layout'
import { bestRecordWgsl } from '../argmax/argmax.wgsl'
import { indexRowWgsl, indexTree, treeRows } from '../tree-index/tree-index.wgsl'

/** Where an embedding finds its tokens: in the pass; in a tree, whose index it makes; as the best of records, which it stores. */
export type TokensOf = 'pass' | 'tree' | 'records'

interface Finding {
  /** Lanes of a workgroup: a unit of inputs each. */
  readonly lanes: number
  readonly variables: readonly string[]
  readonly declarations: string
  /** Sets `row`, of the pass; `rows`, of the tree in use; and the row's token, `found`. */
  readonly body: string
}

/** Lanes of a workgroup where tokens are not searched for. */
const lanes = 64

const finding: Readonly<Record<TokensOf, Finding>> = {
  pass: {
    lanes,
    variables: ['read> tokens: array<u32>', 'read> index: array<u32>'],
    declarations: '',
    body: `
  let row = group.y;
  let rows = index[${INDEX.rows}];
  let found = tokens[p.firstRow + row];`,
  },
  // The first workgroups along y make the index.
  tree: {
    lanes,
    variables: [
      'read> shape: array<u32>',
      'read> history: array<u32>',
      'read> length: array<u32>',
      'read_write> tokens: array<u32>',
      'read_write> index: array<u32>',
    ],
    declarations: indexRowWgsl,
    body: `
  let base = length[0];
  let rows = ${treeRows};
  if (group.y == 0u) {
    if (group.x == 0u) { ${indexTree(lanes)} }
    return;
  }
  let row = group.y - 1u;
  var found = history[base];
  if (row > 0u) { found = tokens[row]; }`,
  },
  records: {
    lanes: 256,
    variables: ['read> records: array<vec2u>', 'read> index: array<u32>', 'read_write> tokens: array<u32>'],
    declarations: bestRecordWgsl,
    body: `
  let row = group.y;
  let rows = index[${INDEX.rows}];
  let found = bestRecord(row * p.count, lane);
  if (group.x == 0u && lane == 0u) { tokens[p.firstRow + row] = found; }`,
  },
}

/** Lanes of a workgroup of such an embedding. */
export function lanesOf(tokens: TokensOf): number {
  return finding[tokens].lanes
}

/** How the rows of a table are stored, and where tokens are. */
export interface EmbedForm {
  readonly decoder: Layout['decoder']
  readonly tokens: TokensOf
}

/** Decodes one row of a packed weight for each row of the pass, with the decoder of `linear`: a unit of inputs a lane. */
export function embedWgsl({ decoder: name, tokens }: EmbedForm): string {
  const decoder = decoders[name]
  const { lanes, variables, declarations, body } = finding[tokens]
  const vectors = decoder.unitInputs / 4
  const stores = Array.from({ length: vectors }, (_, j) => {
    const store = `out[first + ${j}u] = select(${decoder.four('w.even', j)}, ${decoder.four('w.odd', j)}, isOdd);`
    return j === 0 ? `  ${store}` : `  if (unit * ${vectors}u + ${j}u < p.vectors) { ${store} }`
  })
  return /* wgsl */ `
struct Params { vectors: u32, units: u32, blocks: u32, firstPanel: u32, panels: u32, vocab: u32, firstRow: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> weights: array<Block>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
${variables.map((variable, i) => `@group(0) @binding(${3 + i}) var<storage, ${variable};`).join('\n')}
${decoder.wgsl}
${declarations}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * ${lanes}u + lane;
${body}
  if (p.firstRow + row >= rows || unit >= p.units) { return; }
  let token = min(found, p.vocab - 1u);
  let panel = token / 64u - p.firstPanel; // wraps where the panel lies in an earlier part
  if (panel >= p.panels) { return; }
  let w = fetch(panel * p.blocks + unit / ${decoder.units}u, unit % ${decoder.units}u, (token % 64u) / 2u);
  let isOdd = token % 2u == 1u;
  let first = row * p.vectors + unit * ${vectors}u;
${stores.join('\n')}
}
`
}
