import type { TokenTree } from '../spec'
import { creditPath, type LaidCredit } from './credit'
import type { ToldRound } from './judge'

/** What one round did: the tree that was drafted, what the target thought of it, what was kept, where the time went. Plain JSON. */
export interface RoundRecord {
  /** Place in the generated ids of the first token that the round committed. */
  readonly start: number
  /** Ids of what was committed: the accepted path's, then the one that the target added. */
  readonly tokens: readonly number[]
  /** What was verified, parents before children, -1 being the token before `start`. No nodes: a plain round. */
  readonly tree: TokenTree
  /** By node who drafted it: the strategy, or parts of a composition. */
  readonly by: readonly (readonly string[])[]
  /** By node the log-probability of its token after its parent, under the target's own logits, nats. */
  readonly logProbs: readonly number[]
  /** The accepted nodes, root side first. */
  readonly path: readonly number[]
  /** Drafted tokens that a constraint cut off before they were verified. */
  readonly cut: number
  /**
   * Milliseconds: drafting (proposing on the host, and drafting and keeping in step by the device's clock), verifying by the device's
   * clock (null where it has none; then what it drafted is not in `draft` either), and the host's other work.
   */
  readonly ms: { readonly draft: number; readonly verify: number | null; readonly host: number }
}

/** What the host knows of a round. */
export interface HeldRound {
  readonly start: number
  readonly tokens: readonly number[]
  readonly path: readonly number[]
  readonly cut: number
  readonly laid: LaidCredit
  /** The credit as it was read from the device; null where the host knows it. */
  readonly credit: ArrayBuffer | null
  /** Of the host alone. */
  readonly ms: { readonly draft: number; readonly host: number }
}

/** A round's record from what the device and the host know of it. */
export function recordOf({ tree, logProbs, phases }: ToldRound, held: HeldRound): RoundRecord {
  const { start, tokens, path, cut, laid, credit, ms } = held
  const rows = new Float32Array(logProbs)
  const nodes = tree.tokens.map((_, node) => node)
  return {
    start,
    tokens,
    tree: { tokens: tree.tokens, parents: tree.parents },
    by: creditPath(laid, nodes, credit),
    logProbs: nodes.map((node) => rows[node + 1] as number),
    path,
    cut,
    ms: { draft: ms.draft + (phases?.draftMs ?? 0), verify: phases?.verifyMs ?? null, host: ms.host },
  }
}
