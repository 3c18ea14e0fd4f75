/**
 * Logits as words that compare like them: larger is better, -0 equals 0, NaN equals -infinity, and 0 stands for nothing.
 * Comparisons on integers hold whatever a driver assumes about NaN.
 */
export const orderWgsl: string = /* wgsl */ `
const nothing = 0u;
const lowest = 0x007fffffu; // -infinity
fn order(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return lowest; }
  if (size == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
fn ordered(word: u32) -> f32 { return bitcast<f32>(select(~word, word & 0x7fffffffu, word >= 0x80000000u)); }`
