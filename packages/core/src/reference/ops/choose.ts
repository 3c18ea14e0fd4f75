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

/** The k most likely of each row, best first, the lower id first among equals, with log-probabilities in nats. */
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
    const row = logits.slice(r * vocab, (r + 1) * vocab)
    const order = Array.from(row, (value, id) => ({
      value: Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value,
      id,
    }))
    order.sort((a, b) => b.value - a.value || a.id - b.id)
    const peak = (order[0] as { value: number }).value
    const total = order.reduce((sum, { value }) => sum + Math.exp(value - peak), 0)
    const norm = peak + Math.log(total)
    for (let j = 0; j < k; j++) {
      const { value, id } = order[j] as { value: number; id: number }
      ids.words[at + r * k + j] = id
      if (logProbs) logProbs.floats[at + r * k + j] = value - norm
    }
  }
}
