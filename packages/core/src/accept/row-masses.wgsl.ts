/** Words of what is known of a row, u32 [rows, ROW_MASSES.words]; floats as their bits. */
export const ROW_MASSES = {
  /** f32: the largest logit. */
  peak: 0,
  /** f32: Σ e^(logit - peak); 0 where no token has a probability. */
  sum: 1,
  /** The token of the largest logit, the lowest of equals; NO_TOKEN where there is none. */
  top: 2,
  /** f32: the same two of what the row's children were drawn from; the sum is 0 where nobody says. */
  drawnPeak: 3,
  drawnSum: 4,
  words: 5,
} as const

/** Masses of logits. NaN and -∞ have none, +∞ counts as the largest finite number; told by bits, whatever a driver makes of them. */
export const massWgsl: string = /* wgsl */ `
const never = -3.4028234663852886e38;
fn logitOf(value: f32) -> f32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) < 0x7f800000u) { return value; }
  return select(never, -never, bits == 0x7f800000u);
}
fn massOf(value: f32, peak: f32) -> f32 {
  let logit = logitOf(value);
  return select(0.0, exp(max(logit - peak, -100.0)), logit - peak > -100.0 && logit > never);
}`
