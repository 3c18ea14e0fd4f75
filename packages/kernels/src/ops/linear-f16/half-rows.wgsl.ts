import type { DeviceFacts } from '../../device'
import { eightWgsl } from '../../weights/halves.wgsl'
import { workgroupSum } from '../reduce.wgsl'

/**
 * Activations as halves, a workgroup a row: x f32 [rows, inputs], times the gain where there is a norm, times the power of two
 * that brings the row's largest size to 2^14 and more. Its reciprocal, with the root mean square of the norm, is kept for the
 * end of the product. Tiles of 16 rows by 16 inputs lie in a piece, [row group, tile along K, row tile, row, inputs], zeros
 * beyond the inputs. Sizes below 2^-100 are zeros; a row with an infinity or a NaN has the scale NaN.
 */
export function halveRowsWgsl(
  { norm, rowTiles }: { readonly norm: boolean; readonly rowTiles: number },
  device: DeviceFacts,
): string {
  const sum = workgroupSum(device, 256)
  const load = (vector: string): string =>
    `select(vec4f(), x[at + ${vector}]${norm ? ` * gain[${vector}]` : ''} * factor, live && ${vector} < p.vectors)`
  return /* wgsl */ `
enable subgroups;
diagnostic(off, subgroup_uniformity);
struct Params { vectors: u32, tiles: u32, scales: u32, inverseInputs: f32, eps: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> halves: array<vec4u>;
${norm ? '@group(0) @binding(3) var<storage, read> gain: array<vec4f>;' : ''}
var<workgroup> most: atomic<u32>;
${eightWgsl}
${norm ? sum.functions : ''}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${norm ? sum.parameter : ''}) {
  let row = group.x;
  let at = row * p.vectors;
  ${norm ? 'var squares = vec4f();' : ''}
  var sizes = vec4u();
  for (var i = lane; i < p.vectors; i += 256u) {
    let v = x[at + i];
    ${norm ? 'squares = fma(v, v, squares);' : ''}
    sizes = max(sizes, bitcast<vec4u>(v${norm ? ' * gain[i]' : ''}) & vec4u(0x7fffffffu));
  }
  let largest = subgroupMax(max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)));
  if (subgroupElect()) { atomicMax(&most, largest); }
  workgroupBarrier();
  let size = atomicLoad(&most);
  let finite = size < 0x7f800000u;
  let live = finite && size >= 0x0d800000u; // 2^-100
  let exponent = select(127u, size >> 23u, live);
  let factor = bitcast<f32>((268u - exponent) << 23u);
  for (var i = lane; i < p.tiles * 2u; i += 256u) {
    let tile = (row / ${16 * rowTiles}u * p.tiles + i / 2u) * ${rowTiles}u + row / 16u % ${rowTiles}u;
    halves[tile * 32u + row % 16u * 2u + i % 2u] = eight(${load('2u * i')}, ${load('(2u * i + 1u)')});
  }
  let scale = select(bitcast<f32>(select(0x7fc00000u, 0u, finite)), bitcast<f32>((exponent - 14u) << 23u), live);
  ${
    norm
      ? `let total = workgroupSum(squares.x + squares.y + squares.z + squares.w, lane, width);
  let product = scale / sqrt(fma(total, p.inverseInputs, p.eps));`
      : 'let product = scale;'
  }
  if (lane == 0u) { halves[p.scales + row] = vec4u(bitcast<u32>(product), 0u, 0u, 0u); }
}`
}
