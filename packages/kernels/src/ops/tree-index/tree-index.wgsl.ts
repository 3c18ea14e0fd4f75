import { INDEX, MAX_PATH, MAX_TREE_ROWS } from '@outrider/core/spec'

/** One workgroup, a lane a row: it walks to the root twice, to count the levels and to write them. */
export const treeIndexWgsl: string = /* wgsl */ `
@group(0) @binding(0) var<storage, read> shape: array<u32>;
@group(0) @binding(1) var<storage, read> history: array<u32>;
@group(0) @binding(2) var<storage, read> length: array<u32>;
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> index: array<u32>;
@compute @workgroup_size(${MAX_TREE_ROWS})
fn main(@builtin(local_invocation_index) row: u32) {
  let base = length[0];
  let rows = clamp(shape[0], 1u, ${MAX_TREE_ROWS}u); // the pending token is always there
  if (row == 0u) {
    tokens[0] = history[base];
    index[${INDEX.base}] = base;
    index[${INDEX.rows}] = rows;
  }
  if (row >= rows) { return; }
  var depth = 0u;
  for (var at = row; at != 0u && depth < ${MAX_PATH - 1}u; depth++) { at = min(shape[at], ${MAX_TREE_ROWS - 1}u); }
  index[${INDEX.positions}u + row] = base + depth;
  var at = row;
  for (var up = 0u; up <= depth; up++) {
    index[${INDEX.paths}u + row * ${MAX_PATH}u + depth - up] = at;
    at = min(shape[at], ${MAX_TREE_ROWS - 1}u);
  }
}`
