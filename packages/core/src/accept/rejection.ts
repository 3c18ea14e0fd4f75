import { OutriderError } from '../errors'
import type { AcceptanceRule, DrawnTree, HostAcceptance } from '../spec'
import { chance, draw, massOf, normalised, residual, sumOf } from './mass'

/** What a rule on the host is asked. */
type Question = Parameters<HostAcceptance['decide']>[0]

/**
 * Rejection sampling: a drafted token is kept with min(1, p / q); where it is refused, the next sibling is judged by what p has beyond
 * q, and what follows is drawn from what is left of p in the end. A chain is Leviathan et al. 2022 (arXiv 2211.17192) and Chen et al.
 * 2023, a tree the recursive rule without replacement (Sequoia, arXiv 2402.12374). A draft that does not say what it was drawn from
 * (`HostDraft.q`) counts as a point mass: a token is kept with p. Draws have the target's distribution; with one seed the text is not
 * that of plain decoding, but repeats. It decides on the host: a submission and a read more a round.
 *
 * @example
 * ```ts
 * import { type Engine, rejection } from '@outrider/core'
 *
 * const poem = (engine: Engine) =>
 *   engine.complete('A poem:', { strategy: 'draft', acceptance: rejection, temperature: 0.8, seed: 1, maxTokens: 64 })
 * ```
 */
export const rejection: AcceptanceRule = {
  specVersion: 1,
  name: 'rejection',
  guarantee: 'same-distribution',
  host: { decide: rejectionPath },
}

/** Walks down from the pending token; what is chosen at a position is final, so that each number of its streams serves once. */
export function rejectionPath(question: Question): ReturnType<HostAcceptance['decide']> {
  const { logits, length, noise, greedy } = question
  const path: number[] = []
  for (;;) {
    const row = (path.at(-1) ?? -1) + 1
    const { kept, left } = judge(question, row, length + path.length + 1, massOf(logits(row), greedy))
    if (kept === null) return { path, next: draw(left, noise, length + path.length + 1) }
    path.push(kept)
  }
}

/** The child of a row that is kept, if any, and what is left of p once those before it were refused. */
function judge({ tree, noise }: Question, row: number, position: number, p: Float64Array): Judged {
  let left = p
  let q = drawnFrom(tree, row, p.length)
  for (const [node, parent] of tree.parents.entries()) {
    if (parent !== row - 1) continue
    const token = tree.tokens[node] as number
    const mass = left[token] as number
    const coin = chance(noise, position, token)
    if (coin * (q?.[token] ?? 1) < mass) return { kept: node, left }
    left = without(left, q, token)
    q = q && remaining(q, token)
  }
  return { kept: null, left }
}

interface Judged {
  readonly kept: number | null
  readonly left: Float64Array
}

/** p once a token drawn from q, or standing for itself, was refused. */
function without(p: Float64Array, q: Float64Array | null, token: number): Float64Array {
  const left = q ? residual(p, q, 1) : p.slice()
  left[token] = 0
  // Where q is p but for rounding, nothing is left: then the refusal was rounding too.
  return sumOf(left) > 0 ? normalised(left) : p
}

/** q without a token that was drawn; null where nothing is left to draw: later siblings are point masses. */
function remaining(q: Float64Array, token: number): Float64Array | null {
  const left = q.slice()
  left[token] = 0
  return sumOf(left) > 0 ? normalised(left) : null
}

/**
 * What the children of a row were drawn from, f64 [vocab]; null: point masses. Throws `TREE_MALFORMED` where it says nothing of some
 * tokens, or gives a drafted one no mass.
 */
export function drawnFrom({ q, tokens, parents }: DrawnTree, row: number, vocab: number): Float64Array | null {
  const known = q?.[row]
  if (!known) return null
  const fail = (what: string): never => {
    throw new OutriderError('TREE_MALFORMED', `q of row ${row} of a draft ${what}`, { details: { row } })
  }
  if (known.length !== vocab) fail(`has ${known.length} probabilities, but the vocabulary has ${vocab} tokens`)
  if (!known.every((value) => value >= 0 && value <= 1)) fail('holds numbers that are no probabilities')
  tokens.forEach((token, node) => {
    if (parents[node] === row - 1 && known[token] === 0)
      fail(`gives token ${token} no probability, yet it was drawn: q has to be what the draft was drawn from`)
  })
  return normalised(Float64Array.from(known))
}
