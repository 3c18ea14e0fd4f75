/** A middle value and its spread: the quartiles. */
export interface Spread {
  readonly median: number
  /** First quartile. */
  readonly low: number
  /** Third quartile. */
  readonly high: number
}

/** Median and quartiles, between two values where they fall between (type 7 of Hyndman and Fan 1996); null of nothing. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

/** The middle value; null of nothing. */
export function median(values: readonly number[]): number | null {
  return spread(values)?.median ?? null
}

/** The mean that suits ratios: twice as fast and half as fast come to 1. null of nothing. */
export function geometricMean(values: readonly number[]): number | null {
  if (values.length === 0) return null
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** Of ascending values. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] as number
  const high = sorted[below + 1] ?? low
  return low + (high - low) * (place - below)
}
