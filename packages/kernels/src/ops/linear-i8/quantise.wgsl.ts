import type { DeviceFacts } from '../../device'
import { workgroupSum } from '../reduce.wgsl'
import { blockVectors, quantiseWgsl } from './int8-rows.wgsl'

/**
 * Activations as int8, a workgroup a row: x f32 [rows, inputs], times the gain where there is a norm. The root mean square is
 * not divided out but kept for the end of the product, so that the codes of a block depend on nothing outside it.
 */
export function quantiseRowsWgsl({ norm }: { readonly norm: boolean }, device: DeviceFacts): string {
  const sum = workgroupSum(device, 256)
  return /* wgsl */ `
${norm ? sum.enable : ''}
struct Params { blocks: u32, inverseInputs: f32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<array<vec4<f32>, 8>>;
@group(0) @binding(2) var<storage, read_write> int8: array<vec4<u32>>;
${norm ? '@group(0) @binding(3) var<storage, read> gain: array<array<vec4<f32>, 8>>;' : ''}
${quantiseWgsl}
${norm ? sum.functions : ''}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32${norm ? sum.parameter : ''}) {
  let firstBlock = group.x * p.blocks;
  let row = group.x * (p.blocks * ${blockVectors}u + 1u);
  ${norm ? 'var squares = vec4<f32>();' : ''}
  for (var block = lane; block < p.blocks; block += 256u) {
    var v = x[firstBlock + block];
    ${
      norm
        ? `for (var i = 0; i < 8; i++) {
      squares = fma(v[i], v[i], squares);
      v[i] *= gain[block][i];
    }`
        : ''
    }
    quantise(v, row + block * ${blockVectors}u);
  }
  ${
    norm
      ? `let total = workgroupSum(squares.x + squares.y + squares.z + squares.w, lane, width);
  let scale = 1.0 / sqrt(fma(total, p.inverseInputs, p.eps));`
      : 'let scale = 1.0;'
  }
  if (lane == 0u) { int8[row + p.blocks * ${blockVectors}u] = vec4<u32>(bitcast<u32>(scale), 0u, 0u, 0u); }
}`
}
