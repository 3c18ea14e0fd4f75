import type { HostAcceptance, HostDraft, NoiseKey } from '@outrider/core'
import { chiSquare, critical } from './chi-square'

/** A target and its drafter: distributions by depth; [depth][token]. What follows does not depend on what came before. */
export interface Pair {
  readonly target: readonly (readonly number[])[]
  readonly draft: readonly (readonly number[])[]
}

/** How a round's draft is drawn. */
export interface Shape {
  /** Siblings at each level; each level hangs below the first node of the one above. */
  readonly siblings: readonly number[]
  /** Whether the draft says what it was drawn from. */
  readonly says: boolean
}

const peaked: readonly number[] = [0.9, 0.05, 0.02, 0.02, 0.01]
const near: readonly number[] = [0.21, 0.19, 0.2, 0.22, 0.18]
const first: readonly number[] = [0.4, 0.3, 0.15, 0.1, 0.05]
const second: readonly number[] = [0.1, 0.25, 0.3, 0.05, 0.3]

/** Five pairs: equal, of disjoint mass, with draft tokens that the target never draws, a peaked draft, near-uniform ones. */
export const pairs: Readonly<Record<string, Pair>> = {
  equal: { target: [first, second], draft: [first, second] },
  'disjoint mass': {
    target: [
      [0.6, 0.4, 0, 0, 0],
      [0, 0.3, 0.7, 0, 0],
    ],
    draft: [
      [0, 0, 0.5, 0.3, 0.2],
      [0.5, 0, 0, 0.25, 0.25],
    ],
  },
  'zero-mass draft tokens': {
    target: [
      [0.5, 0, 0.3, 0.2, 0],
      [0, 0.5, 0.3, 0, 0.2],
    ],
    draft: [near, near],
  },
  'a peaked draft': { target: [first, second], draft: [peaked, peaked] },
  'near-uniform': { target: [near, [...near].reverse()], draft: [[...near].reverse(), near] },
}

/** One round of many sequences, each with a draft of its own: `length` is the position of their pending tokens. */
export interface LaneRound {
  readonly trees: readonly HostDraft[]
  /** Logits f32 [vocab] after a row of a depth, 0 the pending token's. */
  readonly logits: (depth: number) => Float32Array
  readonly length: number
  readonly seed: number
  /** Of the first draft; the others count up from it. */
  readonly sequence: number
}

/** A rule over lanes of drafts. */
export interface LaneJudge {
  readonly lanes: number
  /** The tokens that each emits. */
  judge(round: LaneRound): Promise<readonly (readonly number[])[]>
  dispose(): void
}

/** What is wrong with the tokens of `draws` rounds, the first two of each; null: nothing. A second one there is where the first was kept. */
export async function laneFault(
  { lanes, judge }: LaneJudge,
  { target, draft }: Pair,
  shape: Shape,
  draws: number,
): Promise<string | null> {
  const vocab = target[0]?.length as number
  const logits = target.map((law) => Float32Array.from(law, Math.log))
  const counts = target.map(() => new Array<number>(vocab).fill(0))
  const random = generator(7)
  for (let sequence = 0; sequence < draws; sequence += lanes) {
    const round: LaneRound = {
      trees: Array.from({ length: lanes }, () => drawn((depth) => at(draft, depth), shape, random)),
      logits: (depth) => at(logits, depth),
      length: 3,
      seed: 2 ** 32 + (sequence % 5),
      sequence,
    }
    const emitted = await judge(round)
    for (const tokens of emitted.slice(0, draws - sequence))
      counts.forEach((seen, depth) => {
        const token = tokens[depth]
        if (token !== undefined) seen[token] = (seen[token] as number) + 1
      })
  }
  return counts.reduce<string | null>(
    (found, seen, depth) => found ?? differs(`token ${depth + 1} of a round`, seen, at(target, depth)),
    null,
  )
}

/** What is wrong with `draws` pairs of tokens that a rule emits; null: nothing. */
export function fault(rule: HostAcceptance, { target, draft }: Pair, shape: Shape, draws: number): string | null {
  const vocab = target[0]?.length as number
  const logits = target.map((law) => Float32Array.from(law, Math.log))
  const firsts = new Array<number>(vocab).fill(0)
  const both = new Array<number>(vocab * vocab).fill(0)
  const random = generator(7)
  for (let i = 0; i < draws; i++) {
    const noise: NoiseKey = { seedLow: i % 5, seedHigh: 1, sequence: i, stream: 0 }
    const tokens: number[] = []
    while (tokens.length < 2) {
      const start = tokens.length
      const tree = drawn((depth) => at(draft, start + depth), shape, random)
      const depths = rowDepths(tree.parents)
      const row = (r: number) => at(logits, start + (depths[r] as number))
      const { path, next } = rule.decide({ tree, logits: row, length: 3 + start, noise, greedy: false })
      tokens.push(...path.map((node) => tree.tokens[node] as number), next)
    }
    const [a, b] = tokens as [number, number]
    firsts[a] = (firsts[a] as number) + 1
    both[a * vocab + b] = (both[a * vocab + b] as number) + 1
  }
  const law = at(target, 0)
  return (
    differs('first token', firsts, law) ??
    differs(
      'first two tokens',
      both,
      law.flatMap((p) => at(target, 1).map((q) => p * q)),
    )
  )
}

/** What stands for a depth; two take turns. */
function at<T>(laws: readonly T[], depth: number): T {
  return laws[depth % laws.length] as T
}

/** Depth of each row below the pending token's. */
export function rowDepths(parents: readonly number[]): readonly number[] {
  const depths = [0]
  for (const parent of parents) depths.push((depths[parent + 1] as number) + 1)
  return depths
}

/** Counts against probabilities: largest difference 0.005 of 200,000 draws (fewer may differ by more), chi-square's p-value 1e-4. */
function differs(what: string, counts: readonly number[], law: readonly number[]): string | null {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  if (counts.some((count, i) => count > 0 && law[i] === 0)) return `${what}: one without mass`
  const most = Math.max(...counts.map((count, i) => Math.abs(count / draws - (law[i] as number))))
  if (most > 0.005 * Math.sqrt(Math.max(1, 200_000 / draws))) return `${what}: a frequency is off by ${most.toFixed(4)}`
  const { statistic, freedom } = chiSquare(counts, law)
  return statistic > critical(freedom) ? `${what}: chi-square ${statistic.toFixed(1)} of ${freedom}` : null
}

/** Parents of the nodes of a shape. */
export function treeOf({ siblings }: Shape): readonly number[] {
  const parents: number[] = []
  let above = -1
  for (const count of siblings) {
    const begin = parents.length
    for (let i = 0; i < count; i++) parents.push(above)
    above = begin
  }
  return parents
}

/** Draws siblings without replacement; a level without mass ends early. */
function drawn(law: (depth: number) => readonly number[], { siblings, says }: Shape, random: () => number): HostDraft {
  const tokens: number[] = []
  const parents: number[] = []
  const q: (Float32Array | null)[] = [null]
  let above = -1
  siblings.forEach((count, depth) => {
    const mass = [...law(depth)]
    q[above + 1] = Float32Array.from(mass)
    const begin = tokens.length
    for (let i = 0; i < count; i++) {
      const total = mass.reduce((sum, p) => sum + p, 0)
      if (total < 1e-9) break
      const token = pick(mass, random() * total)
      if (token < 0) break
      tokens.push(token)
      parents.push(above)
      q.push(null)
      mass[token] = 0
    }
    above = begin
  })
  return says ? { tokens, parents, q } : { tokens, parents }
}

/** The token in whose share of the mass a number falls; -1: rounding took it beyond the last. */
function pick(mass: readonly number[], at: number): number {
  let left = at
  for (const [token, p] of mass.entries()) {
    left -= p
    if (p > 0 && left < 0) return token
  }
  return -1
}

/** Numbers in [0, 1) of a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
