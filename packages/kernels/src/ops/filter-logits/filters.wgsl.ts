import { SAMPLING } from '@outrider/core/spec'

/** Which filters are on, and what they rank and weigh logits by. At temperature 0 none is. */
export const filtersWgsl: string = /* wgsl */ `
const byTopK = 0u;
const byTopP = 1u;
const byTypicalP = 2u;
struct Row {
  start: u32,
  kept: u32,
  most: u32, // greatest rank that is left
  peak: f32,
  scale: f32, // of exp(logit - peak) to units of 2^-30
  mean: f32, // expected logit - peak
}
var<workgroup> peakWord: atomic<u32>;
fn isOn(stage: u32) -> bool {
  if (isGreedy()) { return false; }
  if (stage == byTopK) { return sampling[${SAMPLING.topK}] > 0u; }
  return isShare(select(${SAMPLING.topP}u, ${SAMPLING.typicalP}u, stage == byTypicalP));
}
fn isMinP() -> bool { return !isGreedy() && param(${SAMPLING.minP}) > 0.0; }
fn anyOn() -> bool { return isOn(byTopK) || isOn(byTopP) || isMinP() || isOn(byTypicalP); }
fn mostByMinP(row: Row) -> u32 {
  return select(0xffffffffu, ~order(row.peak + min(log(param(${SAMPLING.minP})), 0.0)), isMinP());
}
fn takesPart(row: Row, word: u32) -> bool { return word > lowest && ~word <= row.most; }
fn below(row: Row, word: u32) -> f32 { return max(ordered(word) - row.peak, -1e30); }
fn weightOf(row: Row, word: u32) -> f32 { return exp(max(below(row, word), -87.0)); }
fn massOf(row: Row, stage: u32, word: u32) -> u32 {
  if (stage == byTopK) { return 1u; }
  return u32(fma(weightOf(row, word), row.scale, 0.5));
}
fn rankOf(row: Row, stage: u32, word: u32) -> u32 {
  if (stage == byTypicalP) { return bitcast<u32>(abs(below(row, word) - row.mean)); } // |-log p - H|
  return ~word;
}
fn goalOf(stage: u32, total: u32) -> u32 {
  if (stage == byTopK) { return min(sampling[${SAMPLING.topK}], total); }
  let share = param(select(${SAMPLING.topP}u, ${SAMPLING.typicalP}u, stage == byTypicalP));
  return clamp(u32(ceil(share * f32(total))), 1u, total);
}`
