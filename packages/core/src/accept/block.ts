import type { AcceptanceRule, HostAcceptance } from '../spec'
import { isChain } from '../tree'
import { drawnFrom } from './drawn-from'
import { chance, draw, massOf, residual, sumOf } from './mass'
import { rejectionPath } from './rejection-path'

/**
 * Block verification (Sun et al. 2024, arXiv 2403.10444): a chain's tokens are judged together, and its longest prefix that passes is
 * kept, so that on average no fewer are than by `rejection` where the draft says what it was drawn from (`HostDraft.q`, `DeviceDraft.q`). Without,
 * tokens are point masses and it keeps fewer: take `rejection` there. Trees with branches are judged by `rejection`'s rule. Draws
 * have the target's distribution. It decides on the host: a submission and a read more a round.
 *
 * @example
 * ```ts
 * import { block, type Engine } from '@outrider/core'
 *
 * const poem = (engine: Engine) =>
 *   engine.complete('A poem:', { strategy: 'draft', acceptance: block, temperature: 0.8, seed: 1, maxTokens: 64 })
 * ```
 */
export const block: AcceptanceRule = {
  specVersion: 1,
  name: 'block',
  guarantee: 'same-distribution',
  wantsQ: true,
  host: { decide: (question) => (isChain(question.tree.parents) ? blockPath(question) : rejectionPath(question)) },
}

function blockPath(question: Parameters<HostAcceptance['decide']>[0]): ReturnType<HostAcceptance['decide']> {
  const { tree, logits, length, noise, greedy } = question
  const count = tree.tokens.length
  let accepted = 0
  let weight = 1 // P_i
  let next = massOf(logits(0), greedy)
  for (const [i, token] of tree.tokens.entries()) {
    const p = massOf(logits(i), greedy)
    const q = drawnFrom(tree, i, p.length) ?? pointMass(p.length, token)
    const beyond = residual(p, q, weight)
    // Decides about the prefix of i tokens, by a number of this round's alone: whether longer ones passed is not known to later rounds.
    if (i === 0 || chance(noise, length + 1, i) <= share(sumOf(beyond), weight)) {
      accepted = i
      next = sumOf(beyond) > 0 ? beyond : p
    }
    weight = Math.min(1, (weight * (p[token] as number)) / (q[token] as number))
  }
  if (count > 0 && chance(noise, length + 1, count) <= weight) {
    accepted = count
    next = massOf(logits(count), greedy)
  }
  return { path: Array.from({ length: accepted }, (_, node) => node), next: draw(next, noise, length + accepted + 1) }
}

/** h_i = Z / (Z + 1 - P_i): the chance to stop after a prefix, given that no longer one passed. */
function share(beyond: number, weight: number): number {
  const total = beyond + 1 - weight
  return total > 0 ? beyond / total : 1
}

function pointMass(vocab: number, token: number): Float64Array {
  const mass = new Float64Array(vocab)
  mass[token] = 1
  return mass
}
