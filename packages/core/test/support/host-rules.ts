import { type AcceptanceRule, gumbelOf, type NoiseKey, noiseWords, type TokenTree, uniformOf } from '@outrider/core'

/** Where a rule on the host gets its numbers from, and what it makes of them. */
export interface Judging {
  /** Number in (0, 1) that decides whether a token is kept at a position. */
  readonly chance: (noise: NoiseKey, position: number, token: number, length: number) => number
  /** What is left of the masses p, of sum 1, once a token that was drawn from q was refused. */
  readonly refused: (p: readonly number[], q: readonly number[], token: number) => readonly number[]
  readonly child: (tree: TokenTree, above: number) => readonly number[]
}

/** Acceptance and recovery have streams of their own; every position and token its own number. */
export const sound: Judging = {
  chance: (noise, position, token) => word({ ...noise, stream: 2 }, position, token, uniformOf),
  refused: (p, q, token) => p.map((mass, id) => (id === token ? 0 : Math.max(mass - (q[id] as number), 0))),
  child: (tree, above) => tree.parents.flatMap((parent, node) => (parent === above ? [node] : [])),
}

/**
 * Rejection (Leviathan et al. 2023; without replacement on trees): a child drawn from q is kept with p / q, and where it is refused
 * what p has beyond q is left. One that was not drawn is one of mass 1. For temperatures above 0.
 */
export function judging({ chance, refused, child }: Judging, name = 'host-rejection'): AcceptanceRule {
  return {
    specVersion: 1,
    name,
    guarantee: 'same-distribution',
    host: {
      decide: ({ tree, logits, length, noise }) => {
        const path: number[] = []
        for (;;) {
          const position = length + path.length + 1
          const above = path.at(-1) ?? -1
          let p = normalised(masses(logits(above + 1)))
          let said = tree.q?.[above + 1]
          const kept = child(tree, above).find((node) => {
            const token = tree.tokens[node] as number
            const q = said ? normalised(Array.from(said)) : p.map((_, id) => (id === token ? 1 : 0))
            if (chance(noise, position, token, length) * (q[token] as number) < (p[token] as number)) return true
            p = normalised(refused(p, q, token))
            said = said?.map((mass, id) => (id === token ? 0 : mass))
            return false
          })
          if (kept === undefined) return { path, next: draw(p, { ...noise, stream: 3 }, position) }
          path.push(kept)
        }
      },
    },
  }
}

function normalised(mass: readonly number[]): readonly number[] {
  const total = mass.reduce((sum, p) => sum + p, 0)
  return mass.map((p) => p / total)
}

/** Not normalised. */
function masses(logits: Float32Array): number[] {
  const peak = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return Array.from(logits, (logit) => Math.exp(logit - peak))
}

function draw(mass: readonly number[], noise: NoiseKey, position: number): number {
  const scores = mass.map((p, id) => (p > 0 ? Math.log(p) + word(noise, position, id, gumbelOf) : -Infinity))
  return scores.indexOf(Math.max(...scores))
}

function word(noise: NoiseKey, position: number, token: number, as: (word: number) => number): number {
  return as(noiseWords(noise, position, token >> 2)[token & 3] as number)
}

const law = "tokens have the target's distribution, drafts being"

/** By what is wrong with it: the rule, and the check that is to find it. */
export const brokenRules: Readonly<Record<string, readonly [rule: AcceptanceRule, check: string]>> = {
  'shares its noise between the nodes of a round': [
    judging({ ...sound, chance: (noise, _, __, length) => sound.chance(noise, length, 0, length) }),
    `${law} a tree with tokens without mass`,
  ],
  'draws what it refused again': [judging({ ...sound, refused: (p) => p }), `${law} a chain of the likeliest tokens`],
  'leaves what q has beside a refused token': [
    judging({ ...sound, refused: (p, _, token) => p.map((mass, id) => (id === token ? 0 : mass)) }),
    `${law} a chain that was drawn`,
  ],
  'keeps the first child whatever its mass': [
    judging({ ...sound, chance: () => 0 - Number.EPSILON }),
    `${law} a chain of tokens that come second`,
  ],
  'draws with Math.random': [judging({ ...sound, chance: () => Math.random() }), 'the same seed gives the same tokens'],
  'jumps to a node that is no child': [
    judging({ ...sound, child: (tree, above) => [...sound.child(tree, above + 1)] }),
    'a path of the tree is kept',
  ],
}
