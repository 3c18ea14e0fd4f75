import { type AcceptanceRule, gumbelOf, type NoiseKey, noiseWords, type TokenTree, uniformOf } from '@outrider/core'

/** Where a rule on the host gets its numbers from, and what it makes of them. */
export interface Judging {
  /** Number in (0, 1) that decides whether a token is kept at a position. */
  readonly chance: (noise: NoiseKey, position: number, token: number, length: number) => number
  /** Mass that is left once a token was refused; the token's place is 0 in what is right. */
  readonly refused: (mass: number) => number
  readonly child: (tree: TokenTree, above: number) => readonly number[]
}

/** Acceptance and recovery have streams of their own; every position and token its own number. */
export const sound: Judging = {
  chance: (noise, position, token) => word({ ...noise, stream: 2 }, position, token, uniformOf),
  refused: () => 0,
  child: (tree, above) => tree.parents.flatMap((parent, node) => (parent === above ? [node] : [])),
}

/**
 * Rejection of drafts that were not sampled (each of mass 1): a child is kept with its share of what mass is left, and leaves its mass
 * out where it is refused (Leviathan et al. 2023; without replacement on trees). For temperatures above 0.
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
          const mass = masses(logits(above + 1))
          const kept = child(tree, above).find((node) => {
            const token = tree.tokens[node] as number
            const left = mass.reduce((sum, p) => sum + p, 0)
            const share = (mass[token] as number) / left
            if (chance(noise, position, token, length) < share) return true
            mass[token] = refused(mass[token] as number)
            return false
          })
          if (kept === undefined) return { path, next: draw(mass, { ...noise, stream: 3 }, position) }
          path.push(kept)
        }
      },
    },
  }
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

const law = "tokens have the target's distribution"

/** By what is wrong with it: the rule, and the check that is to find it. */
export const brokenRules: Readonly<Record<string, readonly [rule: AcceptanceRule, check: string]>> = {
  'shares its noise between the nodes of a round': [
    judging({ ...sound, chance: (noise, _, __, length) => sound.chance(noise, length, 0, length) }),
    law,
  ],
  'draws what it refused again': [judging({ ...sound, refused: (mass) => mass }), law],
  'keeps the first child whatever its mass': [judging({ ...sound, chance: () => 0 - Number.EPSILON }), law],
  'draws with Math.random': [judging({ ...sound, chance: () => Math.random() }), 'the same seed gives the same tokens'],
  'jumps to a node that is no child': [
    judging({ ...sound, child: (tree, above) => [...sound.child(tree, above + 1)] }),
    'a path of the tree is kept',
  ],
}
