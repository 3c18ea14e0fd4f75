import type { DecodeStats, Engine } from '@outrider/core'
import type { CheckResult } from './checks'
import type { DraftProbe } from './draft-probe'
import type { ReferenceContext } from './reference'

/** Tokens of the chains that the reference outputs were drafted with. */
const steps = 5
/** Steps whose first two tokens are closer than this, nats, may fall either way in f16 or another order of sums. */
const nearTie = 0.02
/** How far a log-probability may be off, nats, where it must be right. */
const tolerance = 5e-3
/** The same on devices that keep keys and values in f16: the fifth draft stands on four states of the head's own. */
const loose = 0.1

const whole = { nodes: 63, depth: 32 } as const

/** How a head's drafts are compared. */
export interface DraftOptions {
  /** Name of the head in the reference outputs. */
  readonly head: string
  readonly contexts: readonly ReferenceContext[]
  /** `near ties may differ`: ids up to the first near tie only, and log-probabilities within 0.1 nats. */
  readonly ties: 'exact' | 'near ties may differ'
  /** The target's id of a draft id, for heads with a vocabulary of their own. */
  readonly toTarget?: (id: number) => number
}

/**
 * The draft steps of a chain right after the prompt was prefilled and the first greedy token is pending: ids drafted, and the best
 * eight tokens of each step with their log-probabilities.
 */
export async function checkDrafts(probe: DraftProbe, options: DraftOptions): Promise<CheckResult> {
  const { head, contexts, ties, toTarget = (id) => id } = options
  const faults: string[] = []
  let [worst, compared] = [0, 0]
  for (const context of contexts) {
    const wanted = context.drafts[head] ?? []
    if (wanted.length === 0) faults.push(`the reference outputs have no drafts of ${head}`)
    await probe.start([...context.promptIds, context.greedyIds[0] as number])
    const { tree, steps: found } = await probe.draft(whole)
    const at = JSON.stringify(context.text.slice(-40))
    for (const [i, want] of wanted.entries()) {
      const [first = Number.NaN, second = Number.NaN] = want.logProbs
      const got = found[i]
      const ids = got?.ids.map(toTarget) ?? []
      compared++
      if (tree.tokens[i] !== want.ids[0] || ids[0] !== want.ids[0]) {
        if (ties === 'exact' || first - second >= nearTie)
          faults.push(`${at}: draft ${i} is ${tree.tokens[i]} (best ${ids[0]}), not ${want.ids[0]}`)
        break
      }
      if (ties === 'exact' && !sameRanking(ids, want.ids, want.logProbs))
        faults.push(`${at}: the best of draft ${i} are ${ids}, not ${want.ids}`)
      const off = want.logProbs.reduce((most, value, j) => {
        const difference = Math.abs(value - (got?.logProbs[j] ?? Number.NaN))
        return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference)
      }, 0)
      worst = Math.max(worst, off)
      if (off > (ties === 'exact' ? tolerance : loose))
        faults.push(`${at}: a log-probability of draft ${i} is off by ${off} nats`)
    }
  }
  return {
    faults,
    note: `${head}: ${compared} draft steps of ${contexts.length} contexts, log-probabilities off by at most ${worst.toExponential(2)}`,
  }
}

/** The same ids in the same order, but for neighbours that the reference itself holds equal to its five decimals. */
function sameRanking(ids: readonly number[], wanted: readonly number[], logProbs: readonly number[]): boolean {
  return wanted.every((id, i) => {
    if (ids[i] === id) return true
    const other = wanted.indexOf(ids[i] as number)
    const edge = i === wanted.length - 1 && other < 0
    return edge || (other >= 0 && Math.abs((logProbs[other] as number) - (logProbs[i] as number)) < 2e-5)
  })
}

/**
 * How many leading tokens of a drafted chain the target confirms, for each pending greedy token of `positions` (default: all that
 * the reference outputs have), number for number; on other backends `share` of the entries may differ.
 */
export async function checkAccepted(
  probe: DraftProbe,
  options: Omit<DraftOptions, 'ties'> & { readonly share?: number; readonly positions?: number },
): Promise<CheckResult> {
  const { head, contexts, share = 0 } = options
  const wrong: string[] = []
  let [compared, sum] = [0, 0]
  for (const context of contexts) {
    const wanted = context.accepted[head] ?? []
    await probe.start([...context.promptIds, context.greedyIds[0] as number])
    for (let i = 0; i < Math.min(wanted.length, options.positions ?? wanted.length); i++) {
      if (i > 0) await probe.extend([context.greedyIds[i] as number])
      const { tree } = await probe.draft({ nodes: steps, depth: steps })
      const target = context.greedyIds.slice(i + 1, i + 1 + steps)
      const missed = tree.tokens.findIndex((token, j) => token !== target[j])
      const accepted = missed < 0 ? tree.tokens.length : missed
      compared++
      sum += accepted
      if (accepted !== wanted[i])
        wrong.push(
          `${JSON.stringify(context.text.slice(-40))}: at ${i} ${accepted} drafts are right, not ${wanted[i]} (drafted ${tree.tokens})`,
        )
    }
  }
  const note = `${head}: ${compared} positions, ${wrong.length} differ, ${(sum / compared).toFixed(2)} accepted on average`
  if (compared === 0) return { faults: [`the reference outputs have no accepted counts of ${head}`], note }
  return { faults: wrong.length > share * compared ? wrong : [], note }
}

/** What of `DecodeStats` the reference's counts determine. */
type Replayed = Pick<
  DecodeStats,
  | 'rounds'
  | 'drafts'
  | 'proposed'
  | 'evaluated'
  | 'accepted'
  | 'acceptedBy'
  | 'acceptedByDepth'
  | 'tokens'
  | 'meanAcceptanceLength'
>

/**
 * A generation of `counts.length` tokens as the reference's counts have it: a round that begins at greedy token i accepts counts[i]
 * of `depth` drafts and moves on by one more. One that waited for the round before it drafts as far as the generation goes, one that was
 * begun ahead, as `Stepper.round` says it, may go beyond. `depths`: of each token, at which it was drafted; 0: the target's own.
 */
function replay(strategy: string, counts: readonly number[], depth: number): { depths: number[]; stats: Replayed } {
  const depths: number[] = []
  const acceptedByDepth: number[] = []
  let [rounds, drafts, proposed, accepted] = [0, 0, 0, 0]
  let ahead = false
  while (depths.length < counts.length) {
    const most = counts.length - depths.length
    const drafted: number = ahead ? depth : Math.min(depth, most - 1)
    ahead = most > drafted + 1
    const right = Math.min(drafted, counts[depths.length] as number)
    for (let level = 1; level <= right; level++) {
      depths.push(level)
      acceptedByDepth[level - 1] = (acceptedByDepth[level - 1] ?? 0) + 1
    }
    depths.push(0)
    rounds++
    drafts += drafted > 0 ? 1 : 0
    proposed += drafted
    accepted += right
  }
  const acceptedBy = accepted > 0 ? { [strategy]: accepted } : {}
  const [tokens, evaluated] = [depths.length, proposed]
  const meanAcceptanceLength = tokens / rounds
  const counted = { rounds, drafts, proposed, evaluated, accepted, acceptedBy, acceptedByDepth, tokens }
  return { depths: depths.slice(0, counts.length), stats: { ...counted, meanAcceptanceLength } }
}

/**
 * Whole generations against a replay of the reference's counts, rounds that begin after a miss included: at which depth each token
 * was drafted, and the engine's own counters.
 */
export async function checkRounds(
  engine: Engine,
  options: {
    readonly strategy: string
    readonly head: string
    readonly contexts: readonly ReferenceContext[]
    /** Tokens of the chain that the strategy drafts. */
    readonly depth?: number
  },
): Promise<CheckResult> {
  const { strategy, head, contexts, depth = steps } = options
  const faults: string[] = []
  let [rounds, accepted, compared] = [0, 0, 0]
  for (const context of contexts) {
    const counts = context.accepted[head] ?? []
    if (counts.length === 0) {
      faults.push(`the reference outputs have no accepted counts of ${head}`)
      continue
    }
    // The first token is decoded with the prompt's last one pending: the counts begin with greedy token 0 pending.
    const prompt = [...context.promptIds, context.greedyIds[0] as number]
    const { tokens, stats } = await engine.complete(prompt, { strategy, maxTokens: counts.length, ignoreEos: true })
    const wanted = replay(strategy, counts, depth)
    const found = tokens.map(({ draft }) => draft?.depth ?? 0)
    const at = wanted.depths.findIndex((level, i) => found[i] !== level)
    const text = JSON.stringify(context.text.slice(-40))
    if (at >= 0) faults.push(`${text}: token ${at} was drafted at depth ${found[at]}, not ${wanted.depths[at]}`)
    for (const name of Object.keys(wanted.stats) as (keyof Replayed)[]) {
      const [have, want] = [stats[name], wanted.stats[name]].map((value) => JSON.stringify(value))
      if (have !== want) faults.push(`${text}: ${name} is ${have}, not ${want}`)
    }
    rounds += stats.rounds
    accepted += stats.accepted
    compared += tokens.length
  }
  return { faults, note: `${strategy}: ${compared} tokens in ${rounds} rounds, ${accepted} drafts accepted` }
}
