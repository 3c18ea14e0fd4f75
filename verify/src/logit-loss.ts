import { type Backend, chain, type DecoderModel } from '@outrider/core'
import { ModelProbe } from './model-probe'

/** Rows of a pass: the pending token and the text's next ones. */
const passRows = 64

/** How the logits of one way of computing differ from those of another, over the tokens of a text. */
export interface LogitLoss {
  /** Predicted tokens. */
  readonly tokens: number
  /** Of the one that is compared with, and of the other. */
  readonly perplexity: readonly [expected: number, found: number]
  /** Mean over the tokens of KL(expected ‖ found), nats. */
  readonly divergence: number
  /** Share of the tokens at which both have the same most probable one. */
  readonly sameGreedy: number
  /** Largest and root mean square difference of a text token's log-probability, nats. */
  readonly worst: number
  readonly rms: number
}

/** A model and the backend that holds it. */
export interface Scored {
  readonly backend: Backend
  readonly model: DecoderModel
}

/**
 * Reads the texts with both models, the true tokens before each predicted one, in verify passes of 64 rows; stops after
 * `most` predicted tokens. A text longer than `slots` is cut.
 */
export async function logitLoss(
  [expected, found]: readonly [Scored, Scored],
  texts: Iterable<readonly number[]>,
  most: number,
  slots = 512,
): Promise<LogitLoss> {
  const probes = [expected, found].map(
    ({ backend, model }) => new ModelProbe(backend, model, slots + passRows, passRows),
  )
  const sums = { tokens: 0, expected: 0, found: 0, divergence: 0, same: 0, squares: 0, worst: 0 }
  try {
    for (const text of texts) {
      const ids = text.slice(0, Math.min(slots, most - sums.tokens + 1))
      if (ids.length < 2) continue
      await Promise.all(probes.map((probe) => probe.start(ids.slice(0, 1))))
      for (let at = 0; at < ids.length - 1; at += passRows) {
        const tree = chain(ids.slice(at + 1, Math.min(at + passRows, ids.length - 1)))
        const [a, b] = await Promise.all(probes.map((probe) => probe.tree(tree, passRows)))
        for (const [row, logits] of (a?.logits ?? []).entries())
          add(sums, logits, b?.logits[row] as Float32Array, ids[at + row + 1] as number)
        const path = tree.tokens.map((_, node) => node)
        const next = ids[at + path.length + 1] as number
        await Promise.all(probes.map((probe) => probe.commit(tree, path, next)))
      }
      if (sums.tokens >= most) break
    }
  } finally {
    for (const probe of probes) probe.dispose()
  }
  const { tokens } = sums
  return {
    tokens,
    perplexity: [Math.exp(sums.expected / tokens), Math.exp(sums.found / tokens)],
    divergence: sums.divergence / tokens,
    sameGreedy: sums.same / tokens,
    worst: sums.worst,
    rms: Math.sqrt(sums.squares / tokens),
  }
}

interface Sums {
  tokens: number
  expected: number
  found: number
  divergence: number
  same: number
  squares: number
  worst: number
}

/** Takes in one row of each, and the token that followed. */
function add(sums: Sums, a: Float32Array, b: Float32Array, next: number): void {
  const [peakA, peakB] = [largest(a), largest(b)]
  let [totalA, totalB, mixed] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] as number) - (a[peakA] as number), (b[i] as number) - (b[peakB] as number)]
    const p = Math.exp(x)
    totalA += p
    totalB += Math.exp(y)
    mixed += p * (x - y)
  }
  const shift = Math.log(totalA) - Math.log(totalB)
  const logA = (a[next] as number) - (a[peakA] as number) - Math.log(totalA)
  const logB = (b[next] as number) - (b[peakB] as number) - Math.log(totalB)
  sums.tokens++
  sums.expected -= logA
  sums.found -= logB
  sums.divergence += mixed / totalA - shift
  sums.same += peakA === peakB ? 1 : 0
  sums.squares += (logA - logB) ** 2
  sums.worst = Math.max(sums.worst, Math.abs(logA - logB))
}

function largest(values: Float32Array): number {
  let at = 0
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[at] as number)) at = i
  return at
}
