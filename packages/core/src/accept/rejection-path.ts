import type { HostAcceptance } from '../spec'
import { drawnFrom } from './drawn-from'
import { chance, draw, massOf, normalised, residual, sumOf } from './mass'

/** What a rule on the host is asked. */
type Question = Parameters<HostAcceptance['decide']>[0]

/**
 * Rejection in plain loops, f64: the definition that the kernel is held to. Walks down from the pending token; what is chosen at a
 * position is final, so that each number of its streams serves once. Throws `TREE_MALFORMED`.
 */
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
    if (token >= p.length) continue // no token: its drafter had none left
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
