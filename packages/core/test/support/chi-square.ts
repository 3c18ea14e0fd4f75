/** Pearson's statistic of counts against probabilities, and the degrees of freedom; what has no probability must not occur. */
export function chiSquare(
  counts: readonly number[],
  probabilities: readonly number[],
): { readonly statistic: number; readonly freedom: number } {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  const cells = probabilities.flatMap((p, i) => (p > 0 ? [{ expected: p * draws, count: counts[i] as number }] : []))
  const statistic = cells.reduce((sum, { expected, count }) => sum + (count - expected) ** 2 / expected, 0)
  return { statistic, freedom: cells.length - 1 }
}

/** The statistic that true probabilities exceed once in ten thousand times (Wilson and Hilferty's approximation). */
export function critical(freedom: number): number {
  const spread = 2 / (9 * freedom)
  return freedom * (1 - spread + 3.719 * Math.sqrt(spread)) ** 3
}

/** Probabilities of logits, nats. */
export function softmax(logits: readonly number[]): readonly number[] {
  const peak = Math.max(...logits)
  const weights = logits.map((logit) => Math.exp(logit - peak))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
