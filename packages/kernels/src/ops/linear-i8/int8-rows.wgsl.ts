/** Inputs of one block of int8 activations, which share a scale. */
export const blockInputs = 32
/** vec4s of one block: eight words of codes, then scale, sum of the codes, sum of the squares of x, sum of the first sixteen codes. */
export const blockVectors = 3
/** Lanes that quantise one block: four values and one word each. */
export const blockLanes = 8

/**
 * Declares `quantise(lane, live, x, gain, at)` for a workgroup of which `lanes` lanes, a multiple of eight, store
 * blocks of x · gain, eight neighbouring lanes a block: lane `lane` brings values 4 (lane % 8) .. + 3 and stores at word `at` of
 * `var<storage, read_write> int8: array<u32>` where it is live. All lanes of the workgroup call it, those from `lanes` on not live.
 *
 * The scale is the largest size divided by 127, rounded up to eight significant bits, so that products with a format's scales
 * are exact or rounded once, however they are grouped; its reciprocal comes from a division of integers. Every step is exact or
 * rounded the one way that WGSL allows, so that all devices and the reference give the same integers. Sizes below 2^-100 are
 * zeros; a block with an infinity or a NaN has the scale NaN.
 */
export function quantiseWgsl(lanes: number): string {
  return /* wgsl */ `
var<workgroup> blockMosts: array<u32, ${lanes}>;
var<workgroup> blockSquares: array<f32, ${lanes}>;
var<workgroup> blockSums: array<i32, ${lanes}>;

fn quantise(lane: u32, live: bool, x: vec4f, gain: vec4f, at: u32) {
  let v = x * gain;
  let sizes = bitcast<vec4u>(v) & vec4u(0x7fffffffu);
  workgroupBarrier(); // an earlier block may still be read
  if (lane < ${lanes}u) {
    blockMosts[lane] = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
    blockSquares[lane] = fma(x.w, x.w, fma(x.z, x.z, fma(x.y, x.y, x.x * x.x)));
  }
  workgroupBarrier();
  let own = min(lane, ${lanes - 1}u);
  let first = own - own % ${blockLanes}u;
  var most = 0u;
  for (var i = 0u; i < ${blockLanes}u; i++) { most = max(most, blockMosts[first + i]); }
  let finite = most < 0x7f800000u;
  let some = finite && most >= 0x0d800000u; // 2^-100
  let exact = bitcast<f32>(select(0x3f800000u, most, some)) * ${Math.fround(1 / 127)};
  let bits = (bitcast<u32>(exact) + 0xffffu) & 0xffff0000u;
  let scale = select(select(0x7fc00000u, 0u, finite), bits, some);
  // scale = m · 2^(e - 134) with m in 128..255, its reciprocal floor(2^31 / m) · 2^(103 - e)
  let e = bits >> 23u;
  let m = ((bits >> 16u) & 0x7fu) | 0x80u;
  let reciprocal = bitcast<f32>(bitcast<u32>(f32(0x80000000u / m)) - ((e - 103u) << 23u));
  let codes = select(vec4i(), vec4i(round(v * reciprocal)), vec4<bool>(some));
  if (lane < ${lanes}u) { blockSums[lane] = codes.x + codes.y + codes.z + codes.w; }
  workgroupBarrier();
  if (!live) { return; }
  int8[at + own % ${blockLanes}u] = pack4xI8(codes);
  if (own != first) { return; }
  var sum = 0;
  var half = 0;
  var squares = 0.0;
  for (var i = 0u; i < ${blockLanes}u; i++) {
    sum += blockSums[first + i];
    squares += blockSquares[first + i];
    if (i == ${blockLanes / 2 - 1}u) { half = sum; }
  }
  int8[at + ${blockLanes}u] = scale;
  int8[at + ${blockLanes + 1}u] = bitcast<u32>(sum);
  int8[at + ${blockLanes + 2}u] = bitcast<u32>(squares);
  int8[at + ${blockLanes + 3}u] = bitcast<u32>(half);
}
`
}
