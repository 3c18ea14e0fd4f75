/**
 * Logits as words that compare like them: larger is better, -0 equals 0, NaN equals -infinity, which is `lowest` and never
 * chosen. Comparisons on integers hold whatever a driver assumes about NaN and infinities.
 */
export const orderWgsl: string = /* wgsl */ `
const lowest = 0x007fffffu; // -infinity
const largestFinite = 0xff7fffffu;
fn order(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return lowest; }
  if (size == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
// The logit behind a word, an infinite one as the finite one next to it.
fn ordered(word: u32) -> f32 {
  let finite = clamp(word, lowest + 1u, largestFinite);
  return bitcast<f32>(select(~finite, finite & 0x7fffffffu, finite >= 0x80000000u));
}`
