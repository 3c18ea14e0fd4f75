/** Lanes run along a row, workgroup rows are rows. x f32 [rows, width]; out rows of `outWidth`, from `column` on. */
export const copyColumnsWgsl: string = /* wgsl */ `
struct Params { width: u32, outWidth: u32, column: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.width) { return; }
  out[id.y * p.outWidth + p.column + id.x] = x[id.y * p.width + id.x];
}`
