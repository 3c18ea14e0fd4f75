import { INDEX, MAX_PATH } from '@outrider/core/spec'

/** One workgroup; its lanes share the (row, depth) entries of a chain's paths. */
export const spanIndexWgsl: string = /* wgsl */ `
struct Params { limit: u32, toOffset: i32, tokenOffset: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> history: array<u32>;
@group(0) @binding(2) var<storage, read> start: array<u32>;
@group(0) @binding(3) var<storage, read> end: array<u32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> index: array<u32>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  let base = start[0];
  let rows = u32(clamp(i32(end[0]) + p.toOffset - i32(base), 0, i32(p.limit)));
  if (lane == 0u) {
    index[${INDEX.base}] = base;
    index[${INDEX.rows}] = rows;
  }
  if (lane < rows) {
    tokens[lane] = history[base + lane + p.tokenOffset];
    index[${INDEX.positions}u + lane] = base + lane;
  }
  for (var entry = lane; entry < rows * ${MAX_PATH}u; entry += 256u) {
    let depth = entry % ${MAX_PATH}u;
    if (depth <= entry / ${MAX_PATH}u) { index[${INDEX.paths}u + entry] = depth; }
  }
}`
