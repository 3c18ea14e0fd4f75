import { OutriderError } from '../errors'
import type { AcceptanceRule, HostAcceptance } from '../spec'
import { draw, massOf } from './mass'

/** How much `typical` lets through. */
export interface TypicalOptions {
  /** Most that is asked of a token's probability, in (0, 1]. Default 0.09. */
  readonly epsilon?: number
  /** What is asked at entropy 0; e^-entropy of it otherwise. Above 0. Default √epsilon. */
  readonly delta?: number
}

/**
 * Medusa's typical acceptance (Cai et al. 2024, arXiv 2401.10774, section 3.3.1): a drafted token is kept where its probability is above
 * min(epsilon, delta · e^-H), H the entropy of the target's distribution in nats; of such paths the longest, of equally long ones the
 * likeliest. The token that follows is drawn from the target. Lossy: likely tokens are kept more often than the target draws them.
 * It decides on the host: a submission and a read more a round. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { type Engine, typical } from '@outrider/core'
 *
 * const poem = (engine: Engine) =>
 *   engine.complete('A poem:', { strategy: 'medusa', acceptance: typical({ epsilon: 0.1 }), temperature: 0.8, maxTokens: 64 })
 * ```
 */
export function typical({ epsilon = 0.09, delta = Math.sqrt(epsilon) }: TypicalOptions = {}): AcceptanceRule {
  if (!(epsilon > 0 && epsilon <= 1))
    throw new OutriderError('INVALID_OPTION', `epsilon must be above 0 and at most 1, not ${epsilon}`)
  if (!(delta > 0 && delta < Number.POSITIVE_INFINITY))
    throw new OutriderError('INVALID_OPTION', `delta must be a number above 0, not ${delta}`)
  return {
    specVersion: 1,
    name: 'typical',
    guarantee: 'lossy',
    host: { decide: (question) => typicalPath(question, epsilon, delta) },
  }
}

function typicalPath(
  { tree, logits, length, noise, greedy }: Parameters<HostAcceptance['decide']>[0],
  epsilon: number,
  delta: number,
): ReturnType<HostAcceptance['decide']> {
  const root: Reached = { path: [], score: 0 }
  const reached = new Map<number, Reached>([[-1, root]])
  const rows = new Map<number, Row>()
  let best = root
  for (const [node, parent] of tree.parents.entries()) {
    const above = reached.get(parent)
    if (!above) continue
    const row = rows.get(parent) ?? rowOf(massOf(logits(parent + 1), greedy))
    rows.set(parent, row)
    const p = row.mass[tree.tokens[node] as number] as number
    if (!(p > Math.min(epsilon, delta * Math.exp(-row.entropy)))) continue
    const found = { path: [...above.path, node], score: above.score + Math.log(p) }
    reached.set(node, found)
    const longer = found.path.length - best.path.length
    if (longer > 0 || (longer === 0 && found.score > best.score)) best = found
  }
  const { path } = best
  const mass = massOf(logits((path.at(-1) ?? -1) + 1), greedy)
  return { path, next: draw(mass, noise, length + path.length + 1) }
}

/** A path all of whose tokens are kept, and its log-probability, nats. */
interface Reached {
  readonly path: readonly number[]
  readonly score: number
}

interface Row {
  readonly mass: Float64Array
  /** Nats. */
  readonly entropy: number
}

function rowOf(mass: Float64Array): Row {
  let entropy = 0
  for (const p of mass) if (p > 0) entropy -= p * Math.log(p)
  return { mass, entropy }
}
