import { OutriderError } from '../errors'
import { MAX_PATH, NO_TOKEN, OUTCOME } from '../spec'
import { creditPath, proposedTokens } from './credit'
import type { LaidDraft } from './draft-layer'
import type { Verdict } from './judge'
import { type RoundRecord, recordOf } from './round-record'
import type { SessionState } from './session-state'

/** What a round committed. */
export interface Round {
  /** The accepted draft tokens, then the target's own. */
  readonly tokens: readonly number[]
  readonly accepted: number
  /** Nodes that were drafted. */
  readonly nodes: number
  /** For each accepted token who drafted it: the strategy, or parts of a composition. */
  readonly by: readonly (readonly string[])[]
  /** Of each token under the model's own logits, nats; null where they were not asked for. */
  readonly logProbs: readonly number[] | null
  /** What the round did, by the place of its first token among all committed; null unless `rounds` were asked for. */
  readonly record: RoundRecord | null
}

/** A round whose work was submitted. */
export interface BegunRound {
  readonly draft: LaidDraft
  /** Whether the tree is what the proposer drafted, node by node. */
  readonly own: boolean
  readonly verdict: Promise<Verdict>
  /** Milliseconds of proposing, and of the host's other work. */
  readonly ms: { readonly draft: number; readonly host: number }
}

/**
 * One round: propose, verify, accept, commit at most `most` tokens. Throws what the strategy, the rule and the device throw,
 * `LOGITS_NOT_FINITE`.
 */
export async function runRound(state: SessionState, most: number): Promise<Round> {
  const { counters } = state
  const begun = await beginRound(state, most)
  const [from, deviceBefore] = [performance.now(), counters.deviceMs]
  await begun.verdict
  counters.hostMs += performance.now() - from - (counters.deviceMs - deviceBefore)
  return endRound(state, begun)
}

/** Whether nothing on the host decides over a round: it can be begun before the record of the one before it is read. */
export function followsUnread({ parts, sampler, proposer, constrained }: SessionState): boolean {
  const { rule } = parts
  // Under other rules rounds that draw have seeds of their own, by their committed length.
  const seeded = rule.guarantee === 'same-tokens' || !sampler.stages.noise
  return proposer.ahead && 'device' in rule && seeded && constrained === null && sampler.onHost.length === 0
}

/**
 * Proposes and submits a round of at most `most` tokens; `unread`: most tokens that the round before it commits, where its record is
 * not read yet. What fails after the submission rejects the verdict.
 */
export async function beginRound(state: SessionState, most: number, unread = 0): Promise<BegunRound> {
  const { sequence, verifier, proposer, judge, counters } = state
  const began = performance.now()
  const draft = await prune(state, await propose(state, most))
  const proposed = performance.now()
  const { nodes, levels, chain } = draft
  const own = nodes > 0 && draft.pruned === 0
  const length = sequence.length + unread
  const pass = verifier.treePass(nodes + 1, length)
  const follow = proposer.follow({ kind: 'round', pass, own, chain, nodes, levels })
  state.alive()
  const verdict = judge.judge(draft, pass, follow, length)
  // Whoever waits for it gets its error; nobody waits for that of a round that was begun in vain.
  verdict.catch(() => {})
  const ms = { draft: proposed - began, host: performance.now() - proposed }
  counters.draftMs += ms.draft
  counters.hostMs += ms.host
  return { draft, own, verdict, ms }
}

/** Commits on the host what a round came to: rounds end in the order in which they began. Throws as `runRound`. */
export async function endRound(state: SessionState, { draft, own, verdict, ms }: BegunRound): Promise<Round> {
  const { sequence, proposer, counters } = state
  const { outcome, credit, logProbs, told } = await verdict
  const read = performance.now()
  const { nodes } = draft
  const start = sequence.tokens.length
  const accepted = outcome[OUTCOME.accepted] as number
  const tokens = Array.from(outcome.subarray(OUTCOME.tokens, OUTCOME.tokens + accepted + 1))
  if (tokens.includes(NO_TOKEN))
    throw (
      state.constrained?.nothingLeft() ??
      new OutriderError(
        'LOGITS_NOT_FINITE',
        'no token has a finite logit: the weights or the device are broken, or processors, bias and bans leave none',
      )
    )
  sequence.committed(tokens)
  const path = Array.from(outcome.subarray(OUTCOME.path + 1, OUTCOME.path + 1 + accepted), (row) => row - 1)
  const by = creditPath(draft.credit, path, credit)
  const evaluated = (outcome[OUTCOME.rows] as number) - 1
  // Parts of a composition on the device may have had less to say than was asked of them.
  const proposed = proposedTokens(draft.credit, draft.fewer || credit ? evaluated : nodes, credit) + draft.pruned
  counters.round({ proposed, evaluated, by })
  await state.constrained?.accept(tokens)
  await proposer.observe({ start, tokens, length: sequence.length, accepted, path, own })
  const ended = performance.now() - read
  counters.hostMs += ended
  const rows = logProbs && new Float32Array(logProbs)
  const found = rows && [-1, ...path].map((node) => rows[node + 1] as number)
  const times = { draft: ms.draft, host: ms.host + ended }
  const record =
    told && recordOf(told, { start, tokens, path, cut: draft.pruned, laid: draft.credit, credit, ms: times })
  return { tokens, accepted, nodes: draft.fewer ? evaluated : nodes, by, logProbs: found, record }
}

async function propose(state: SessionState, most: number): Promise<LaidDraft> {
  const nodes = state.parts.maxRows - 1
  if (state.parts.rule.guarantee !== 'same-tokens') state.sampler.beginRound(state.sequence.length)
  const depth = Math.min(most, state.sequence.room, nodes + 1, MAX_PATH) - 1
  const draft = await state.proposer.propose({ nodes, depth, pruned: state.constrained !== null })
  state.alive()
  return draft
}

/** Writes the masks of a draft's rows and cuts off what breaks the constraint: a tree on the device is read, by a submission of its own. */
async function prune(state: SessionState, draft: LaidDraft): Promise<LaidDraft> {
  const { constrained, judge, sampler, proposer } = state
  if (!constrained) return draft
  const read = draft.tree ? { tree: draft.tree, credit: null } : await judge.readDraft(draft)
  state.alive()
  const { kept, masks } = await constrained.allowed(read.tree)
  state.alive()
  sampler.writeMask(masks)
  if (kept.length < read.tree.tokens.length) return proposer.prune(draft, read.tree, kept, read.credit)
  // Without what it was drawn from: whether a tree stays whole depends on its draw, so rules may not use that here.
  return { ...draft, programs: [], q: [], tree: { tokens: read.tree.tokens, parents: read.tree.parents } }
}
