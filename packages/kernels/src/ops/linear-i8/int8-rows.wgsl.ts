/** Inputs of one block of int8 activations, which share a scale. */
export const blockInputs = 32

/** vec4s of one block: eight words of codes, then scale, sum of the codes, scale · sum, sum of the first sixteen codes. */
export const blockVectors = 3

/** vec4s of a row of `inputs` activations: its blocks, then what its products are multiplied by (x of the last). */
export function rowVectors(inputs: number): number {
  return (inputs / blockInputs) * blockVectors + 1
}

/**
 * Declares `quantise(v: array<vec4<f32>, 8>, at: u32)`, which stores one block at `int8[at]`, with
 * `var<storage, read_write> int8: array<vec4<u32>>`. The scale is the largest size divided by 127, rounded up to eight
 * significant bits, so that products with a format's scales are exact or rounded once, however they are grouped; its
 * reciprocal comes from a division of integers. Every step is exact or rounded the one way that WGSL allows, so that all
 * devices and the reference give the same integers. Sizes below 2^-100 are zeros; a block with an infinity or a NaN has the
 * scale NaN.
 */
export const quantiseWgsl: string = /* wgsl */ `
fn largestBits(v: vec4<f32>, most: vec4<u32>) -> vec4<u32> {
  return max(most, bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu));
}

fn quantise(v: array<vec4<f32>, 8>, at: u32) {
  var lanes = vec4<u32>();
  for (var i = 0; i < 8; i++) { lanes = largestBits(v[i], lanes); }
  let most = max(max(lanes.x, lanes.y), max(lanes.z, lanes.w));
  let finite = most < 0x7f800000u;
  let live = finite && most >= 0x0d800000u; // 2^-100
  let exact = bitcast<f32>(select(0x3f800000u, most, live)) * ${Math.fround(1 / 127)};
  let bits = (bitcast<u32>(exact) + 0xffffu) & 0xffff0000u;
  let scale = select(select(0x7fc00000u, 0u, finite), bits, live);
  // scale = m · 2^(e - 134) with m in 128..255, its reciprocal floor(2^31 / m) · 2^(103 - e)
  let e = bits >> 23u;
  let m = ((bits >> 16u) & 0x7fu) | 0x80u;
  let reciprocal = bitcast<f32>(bitcast<u32>(f32(0x80000000u / m)) - ((e - 103u) << 23u));
  var words = array<u32, 8>();
  var sum = 0;
  var first = 0;
  for (var i = 0; i < 8; i++) {
    let codes = select(vec4<i32>(), vec4<i32>(round(v[i] * reciprocal)), vec4<bool>(live));
    words[i] = pack4xI8(codes);
    sum += codes.x + codes.y + codes.z + codes.w;
    if (i == 3) { first = sum; }
  }
  int8[at] = vec4<u32>(words[0], words[1], words[2], words[3]);
  int8[at + 1u] = vec4<u32>(words[4], words[5], words[6], words[7]);
  let scaledSum = select(0.0, bitcast<f32>(bits) * f32(sum), live);
  int8[at + 2u] = vec4<u32>(scale, bitcast<u32>(sum), select(scale, bitcast<u32>(scaledSum), finite), bitcast<u32>(first));
}
`
