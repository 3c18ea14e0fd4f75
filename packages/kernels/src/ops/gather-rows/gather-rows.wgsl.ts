/** Lanes run along a row, workgroup rows are rows. x f32 [height, width], indices u32, out f32 [rows, width]. */
export const gatherRowsWgsl: string = /* wgsl */ `
struct Params { width: u32, last: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.width) { return; }
  let row = min(indices[p.at + id.y], p.last);
  out[id.y * p.width + id.x] = x[row * p.width + id.x];
}`
