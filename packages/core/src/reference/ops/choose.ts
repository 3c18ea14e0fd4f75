import { NO_TOKEN } from '../../spec'
import type { HostTensor } from '../memory'

/** Index of the largest of `count` values from `at` on, the lowest of equals; NO_TOKEN where none is above -∞. */
export function largest(values: Float32Array, at: number, count: number): number {
  let best: number = NO_TOKEN
  let value = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const candidate = values[at + i] as number
    if (candidate > value) {
      best = i
      value = candidate
    }
  }
  return best
}

/** An infinite logit counts as this: f32's largest finite number. */
const largestFinite = 3.4028234663852886e38

/** A logit as it counts: NaN as -∞, +∞ as the largest finite number. */
export function numberOf(logit: number): number {
  return Number.isNaN(logit) ? Number.NEGATIVE_INFINITY : Math.min(logit, largestFinite)
}

/** log Σ exp(logit) of a row that has a number above -∞. */
export function logSum(row: Float32Array): number {
  const numbers = Array.from(row, numberOf)
  const peak = numbers.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
  return peak + Math.log(numbers.reduce((sum, logit) => sum + Math.exp(logit - peak), 0))
}

/**
 * The k most likely of each row, best first, the lower id first among equals, with log-probabilities in nats; NO_TOKEN and -∞
 * where nothing above -∞ is left.
 */
export function mostLikely(args: {
  readonly logits: Float32Array
  readonly vocab: number
  readonly rows: number
  readonly k: number
  readonly ids: HostTensor
  readonly logProbs: HostTensor | undefined
  readonly at: number
}): void {
  const { logits, vocab, rows, k, ids, logProbs, at } = args
  for (let r = 0; r < rows; r++) {
    const row = logits.subarray(r * vocab, (r + 1) * vocab)
    const order = Array.from(row, (value, id) => ({ value, id }))
      .filter(({ value }) => value > Number.NEGATIVE_INFINITY)
      .sort((a, b) => (a.value === b.value ? a.id - b.id : b.value - a.value))
    const norm = logSum(row)
    for (let j = 0; j < k; j++) {
      const chosen = order[j]
      ids.words[at + r * k + j] = chosen?.id ?? NO_TOKEN
      if (logProbs) logProbs.floats[at + r * k + j] = chosen ? numberOf(chosen.value) - norm : Number.NEGATIVE_INFINITY
    }
  }
}
