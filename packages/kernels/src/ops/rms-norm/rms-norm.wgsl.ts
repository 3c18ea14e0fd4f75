import type { DeviceFacts } from '../../device'
import { workgroupSum } from '../reduce.wgsl'

/** One workgroup a row. x f32 [rows, width], gain f32 [width]; out row-major with rows of `outWidth`, from `column` on. */
export function rmsNormWgsl({ inPlace }: { readonly inPlace: boolean }, device: DeviceFacts): string {
  const sum = workgroupSum(device, 256)
  const [source, target] = inPlace ? ['rows', 'rows'] : ['x', 'out']
  const buffers = inPlace
    ? '@group(0) @binding(2) var<storage, read_write> rows: array<f32>;'
    : `@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;`
  return /* wgsl */ `
${sum.enable}
struct Params { width: u32, outWidth: u32, column: u32, inverseWidth: f32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gain: array<f32>;
${buffers}
${sum.functions}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${sum.parameter}) {
  let start = group.x * p.width;
  let to = group.x * p.outWidth + p.column;
  var squares = 0.0;
  for (var k = lane; k < p.width; k += 256u) {
    let value = ${source}[start + k];
    squares = fma(value, value, squares);
  }
  let scale = 1.0 / sqrt(fma(workgroupSum(squares, lane, width), p.inverseWidth, p.eps));
  for (var k = lane; k < p.width; k += 256u) {
    ${target}[to + k] = ${source}[start + k] * scale * gain[k];
  }
}`
}
