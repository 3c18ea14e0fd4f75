import { INDEX } from '@outrider/core/spec'

/** A lane a column. x f32 [height, width], index as INDEX, out f32 [1, width]. */
export const gatherLastWgsl: string = /* wgsl */ `
struct Params { width: u32, last: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.width) { return; }
  let row = min(max(index[${INDEX.rows}], 1u) - 1u, p.last);
  out[id.x] = x[row * p.width + id.x];
}`
