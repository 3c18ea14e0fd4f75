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

/** What is wrong with `draws` pairs of tokens that a rule emits; null: nothing. */
export function fault(rule: HostAcceptance, { target, draft }: Pair, shape: Shape, draws: number): string | null {
  const vocab = target[0]?.length as number
  const at = (laws: Pair['target'], depth: number) => laws[depth % laws.length] as readonly number[]
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
      const depths: number[] = []
      for (const parent of tree.parents) depths.push(parent < 0 ? 1 : (depths[parent] as number) + 1)
      const row = (r: number) =>
        logits[(start + (r === 0 ? 0 : (depths[r - 1] as number))) % logits.length] as Float32Array
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

/** Counts against probabilities: largest difference 0.005, chi-square's p-value 1e-4. */
function differs(what: string, counts: readonly number[], law: readonly number[]): string | null {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  if (counts.some((count, i) => count > 0 && law[i] === 0)) return `${what}: one without mass`
  const most = Math.max(...counts.map((count, i) => Math.abs(count / draws - (law[i] as number))))
  if (most > 0.005) return `${what}: a frequency is off by ${most.toFixed(4)}`
  const { statistic, freedom } = chiSquare(counts, law)
  return statistic > critical(freedom) ? `${what}: chi-square ${statistic.toFixed(1)} of ${freedom}` : null
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
