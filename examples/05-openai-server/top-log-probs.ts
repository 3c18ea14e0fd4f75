import type { HostProcessor, LogitsProcessor } from '@outrider/core'

/** A token that might have stood somewhere, nats. */
export interface Likely {
  readonly id: number
  readonly logProb: number
}

/**
 * Keeps the most likely tokens of every row that the model is asked for, and changes none of the logits: the text stays what it is.
 * The rows come to the host for it, a submission and a read more a round.
 */
export class TopLogProbs {
  /** By place in the answer, then by the ids before it: drafts ask for several rows of a place. */
  readonly #rows = new Map<number, Map<string, readonly Likely[]>>()
  readonly #count: number
  readonly #promptTokens: number

  constructor(count: number, promptTokens: number) {
    this.#count = count
    this.#promptTokens = promptTokens
  }

  get processor(): LogitsProcessor {
    const process: HostProcessor['process'] = ({ logits, tokens }) => {
      const before = tokens.slice(this.#promptTokens)
      const rows = this.#rows.get(before.length) ?? new Map()
      rows.set(before.join(), mostLikely(logits, this.#count))
      this.#rows.set(before.length, rows)
    }
    return { specVersion: 1, name: 'top-log-probs', host: { process } }
  }

  /** The most likely tokens after `before` of the answer, which are asked for once, in order. */
  take(before: readonly number[]): readonly Likely[] {
    const found = this.#rows.get(before.length)?.get(before.join()) ?? []
    this.#rows.delete(before.length)
    return found
  }
}

/** The `count` largest of a row, the largest first, with their log-softmax. */
function mostLikely(logits: Float32Array, count: number): readonly Likely[] {
  const best: { id: number; logit: number }[] = []
  let largest = Number.NEGATIVE_INFINITY
  for (const [id, logit] of logits.entries()) {
    if (logit > largest) largest = logit
    if (best.length === count && !(logit > (best.at(-1)?.logit ?? 0))) continue
    const at = best.findIndex((other) => logit > other.logit)
    best.splice(at < 0 ? best.length : at, 0, { id, logit })
    best.length = Math.min(best.length, count)
  }
  let mass = 0
  for (const logit of logits) mass += Math.exp(logit - largest)
  const total = largest + Math.log(mass)
  return best.map(({ id, logit }) => ({ id, logProb: logit - total }))
}
