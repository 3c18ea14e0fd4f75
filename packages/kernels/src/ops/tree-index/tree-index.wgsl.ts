import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'

/** Declares `indexRow(row, base)`, which walks to the root twice, to count the levels and to write them. */
export const indexRowWgsl: string = /* wgsl */ `
fn indexRow(row: u32, base: u32) {
  var depth = 0u;
  for (var at = row; at != 0u && depth < ${MAX_PATH - 1}u; depth++) { at = min(shape[at], ${MAX_TREE_ROWS - 1}u); }
  index[${INDEX.positions}u + row] = base + depth;
  var at = row;
  for (var up = 0u; up <= depth; up++) {
    index[${INDEX.paths}u + row * ${MAX_PATH}u + depth - up] = at;
    at = min(shape[at], ${MAX_TREE_ROWS - 1}u);
  }
}`

/** How many rows a tree has: the pending token is always there. */
export const treeRows: string = `clamp(shape[0], 1u, ${MAX_TREE_ROWS}u)`

/** What `lanes` lanes of one workgroup do for a tree of `rows` rows whose first position is `base`. */
export function indexTree(lanes: number): string {
  return /* wgsl */ `
  if (lane == 0u) {
    tokens[0] = history[base];
    index[${INDEX.base}] = base;
    index[${INDEX.rows}] = rows;
  }
  for (var row = lane; row < rows; row += ${lanes}u) { indexRow(row, base); }`
}

/** One workgroup, a lane a row. One that moves does what `setLength` does, too. */
export function treeIndexWgsl({ moves }: { readonly moves: boolean }): string {
  return /* wgsl */ `
struct Params { offset: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> shape: array<u32>;
@group(0) @binding(2) var<storage, read> history: array<u32>;
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> index: array<u32>;
@group(0) @binding(5) var<storage, read> length: array<u32>;
${moves ? '@group(0) @binding(6) var<storage, read_write> moved: array<u32>;' : ''}
${indexRowWgsl}
@compute @workgroup_size(${MAX_TREE_ROWS})
fn main(@builtin(local_invocation_index) lane: u32) {
  let base = length[0] + p.offset;
  let rows = ${treeRows};
  ${moves ? 'if (lane == 0u) { moved[0] = base; }' : ''}
  ${indexTree(MAX_TREE_ROWS)}
}`
}
