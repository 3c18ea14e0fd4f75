/**
 * What is wrong with counts of draws from a distribution; null: nothing. What has no probability must not occur, and Pearson's
 * statistic must not be one that true probabilities exceed once in a hundred thousand times. Cells that expect fewer than 5 draws
 * are taken together.
 */
export function unlikely(
  counts: ReadonlyMap<string, number>,
  probabilities: ReadonlyMap<string, number>,
): string | null {
  const draws = [...counts.values()].reduce((sum, count) => sum + count, 0)
  for (const [cell, count] of counts)
    if (count > 0 && !((probabilities.get(cell) ?? 0) > 0))
      return `${cell} has no probability, but occurred ${count} times in ${draws}`
  const rest = { expected: 0, count: 0 }
  const cells: { expected: number; count: number }[] = []
  for (const [cell, probability] of probabilities) {
    const expected = probability * draws
    const count = counts.get(cell) ?? 0
    if (expected >= 5) cells.push({ expected, count })
    else {
      rest.expected += expected
      rest.count += count
    }
  }
  if (rest.expected >= 1) cells.push(rest)
  const statistic = cells.reduce((sum, { expected, count }) => sum + (count - expected) ** 2 / expected, 0)
  const limit = critical(cells.length - 1)
  if (statistic <= limit) return null
  return `chi-square is ${statistic.toFixed(1)} over ${cells.length} cells of ${draws} draws, above ${limit.toFixed(1)}`
}

/** The statistic that true probabilities exceed once in 100,000 times (Wilson and Hilferty's approximation). */
function critical(freedom: number): number {
  if (freedom < 1) return 1e-6
  const spread = 2 / (9 * freedom)
  return freedom * (1 - spread + 4.265 * Math.sqrt(spread)) ** 3
}

/** Probabilities of logits, nats; -∞ has none. */
export function softmax(logits: Float32Array): readonly number[] {
  const peak = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const weights = Array.from(logits, (logit) => Math.exp(logit - peak))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
