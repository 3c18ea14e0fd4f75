/** What stands for each matrix operation, in the order in which texts are replaced. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/^enable (f16|chromium_experimental_subgroup_matrix);$/gm, ''],
  [/^diagnostic\(off, chromium\.subgroup_matrix_uniformity\);$/gm, ''],
  [/subgroup_matrix_(left|right)<f16, 16, 16>/g, 'vec3u'],
  [/subgroup_matrix_result<f32, 16, 16>/g, 'array<f32, 8>'],
  [/subgroupMatrixLoad<(?:Left, row_major>\(&x|Right, col_major>\(&staged)\[([^\]]*)\], /g, 'vec3u($1, '],
  [/subgroupMatrixMultiplyAccumulate\(/g, 'multiplyAdd('],
  [/subgroupMatrixStore<row_major>\(&staged\[([^\]]*)\], /g, 'storeSums($1, '],
  [/let lane = local % 32u;/g, 'let lane = local % 32u; ownLane = lane;'],
  [/bitcast<vec2h>\(/g, 'unpack2x16float('],
  [/bitcast<u32>\(/g, 'pack2x16float('],
  [/vec2h\(/g, 'vec2f('],
  [/(\d+\.0)h/g, '$1'],
]

/**
 * A factor is where it lies in memory: element, offset in it and stride; a lane has eight neighbouring sums of a result's row. Eight halves of
 * memory are a vec4u.
 */
const matrices = /* wgsl */ `
var<private> ownLane: u32;
fn half(word: vec4u, i: u32) -> f32 { return unpack2x16float(word[i / 2u])[i % 2u]; }
fn multiplyAdd(left: vec3u, right: vec3u, sums: array<f32, 8>) -> array<f32, 8> {
  var m = sums;
  for (var k = 0u; k < 16u; k++) {
    let a = half(x[left.x][left.y + ownLane / 2u * left.z + k / 8u], k % 8u);
    for (var j = 0u; j < 8u; j++) {
      m[j] += a * half(staged[right.x][right.y + (ownLane % 2u * 8u + j) * right.z + k / 8u], k % 8u);
    }
  }
  return m;
}
fn storeSums(subgroup: u32, offset: u32, sums: array<f32, 8>, stride: u32) {
  let at = offset + ownLane / 2u * stride + ownLane % 2u * 2u;
  staged[subgroup][at] = bitcast<vec4u>(vec4f(sums[0], sums[1], sums[2], sums[3]));
  staged[subgroup][at + 1u] = bitcast<vec4u>(vec4f(sums[4], sums[5], sums[6], sums[7]));
}
`

/** Makes a device compile emulations of kernels that multiply matrices; what they load and store, and where, is their own. */
export function emulateMatrices(device: GPUDevice): void {
  const create = device.createShaderModule.bind(device)
  device.createShaderModule = (descriptor) => create({ ...descriptor, code: emulated(descriptor.code) })
}

function emulated(code: string): string {
  if (!code.includes('subgroupMatrixLoad')) return code
  return replacements.reduce((text, [from, to]) => text.replace(from, to), code) + matrices
}
