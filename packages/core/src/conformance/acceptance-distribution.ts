import { threefry, uniformOf } from '../sample'
import type { HostDraft } from '../spec'
import type { Engine } from '../wiring'
import type { RuleSubject } from './acceptance-subject'
import { onBench } from './bench'
import { drawFault, nextLaw } from './distribution'
import type { Check } from './harness'
import { scripted } from './scripted'
import { TINY_VOCAB } from './tiny-tokenizer'

const prompt = [5, 9, 11, 5, 9, 11, 5] as const

/** What is drawn is what the target draws, whatever was drafted; lossy rules do not promise it. */
export function distributionChecks(subject: RuleSubject): readonly Check[] {
  if (subject.rule().guarantee === 'lossy') return []
  return Object.entries(shapes).map(([kind, tree]) => ({
    name: `tokens have the target's distribution, drafts being ${kind}`,
    faults: () => lawFaults(subject, tree()),
  }))
}

async function lawFaults({ rule, backend, draws }: RuleSubject, tree: Shape): Promise<readonly string[]> {
  const likely = await onBench(backend, {}, ({ engine }) => likeliest(engine))
  const script = scripted((tokens) => tree(tokens, likely))
  return onBench(backend, { strategies: [script] }, async ({ engine }) => {
    const fault = await drawFault(engine, { strategy: 'scripted', rule: rule(), prompt, count: draws })
    return fault === null
      ? []
      : [
          `distribution: ${fault}: a draft token of which q says nothing is one of mass 1; where it is refused, what p has beyond q is drawn instead, renormalised; acceptance and recovery take streams of noise of their own`,
        ]
  })
}

/** Token ids after a continuation of the prompt, likeliest first; those without mass last. */
type Likely = (after: readonly number[]) => readonly number[]

async function likeliest(engine: Engine): Promise<Likely> {
  const found = new Map<string, readonly number[]>()
  const ask = async (after: readonly number[]) => {
    const law = await nextLaw(engine, [...prompt, ...after])
    const order = law.map((_, id) => id).sort((a, b) => (law[b] as number) - (law[a] as number))
    found.set(after.join(), order)
    return order
  }
  for (const first of (await ask([])).slice(0, 4)) await ask([first])
  return (after) => found.get(after.join()) ?? []
}

type Shape = (tokens: readonly number[], likely: Likely) => HostDraft | null

/** Drafts after the prompt, or after its first token, anew for each check; the least likely token has no mass. */
const shapes: Readonly<Record<string, () => Shape>> = {
  'a chain of the likeliest tokens': () => (tokens, likely) => chainOf(tokens, likely, 0),
  'a chain of tokens that come second': () => (tokens, likely) => chainOf(tokens, likely, 1),
  'a tree with tokens without mass': () => (tokens, likely) => {
    const after = tokens.slice(prompt.length)
    const order = likely(after)
    const [first = 0, , third = 0, fourth = 0] = order
    const none = order.at(-1)
    if (none === undefined) return null
    const [below = 0, beside = 0] = likely([...after, third])
    if (below === beside) return { tokens: [none, third, first], parents: [-1, -1, -1] }
    return { tokens: [none, third, first, beside, below, fourth], parents: [-1, -1, -1, 1, 1, -1] }
  },
  'a chain that was drawn': () => drawn(1),
  'a tree that was drawn without replacement': () => drawn(3),
}

/** What tokens are drawn from, by how likely they are for the target; the last share is that of a token without mass. */
const shares = [0.1, 0.5, 0.05, 0.15, 0.2] as const

/** Draws so many siblings below the pending token, and one below the first of them. */
function drawn(siblings: number): Shape {
  let numbers = 0
  const random = () => uniformOf(threefry([numbers++, 0, 0, 0], [19, 0, 0, 0])[0])
  return (tokens, likely) => {
    const after = tokens.slice(prompt.length)
    const law = drawnLaw(likely(after))
    if (!law) return null
    const first = withoutReplacement(law, siblings, random)
    const below = drawnLaw(likely([...after, first[0] as number]))
    const second = below ? withoutReplacement(below, 1, random) : []
    return {
      tokens: [...first, ...second],
      parents: [...first.map(() => -1), ...second.map(() => 0)],
      q: [law, below, ...first.slice(1).map(() => null), ...second.map(() => null)],
    }
  }
}

/** f32 [vocab]; null where the target's order is not known. */
function drawnLaw(order: readonly number[]): Float32Array | null {
  if (order.length === 0) return null
  const law = new Float32Array(TINY_VOCAB)
  for (const [rank, share] of shares.entries())
    law[(rank < shares.length - 1 ? order[rank] : order.at(-1)) as number] = share
  return law
}

function withoutReplacement(law: Float32Array, count: number, random: () => number): readonly number[] {
  const left = law.slice()
  return Array.from({ length: count }, () => {
    let at = random() * left.reduce((sum, mass) => sum + mass, 0)
    const token = left.findIndex((mass) => {
      at -= mass
      return mass > 0 && at < 0
    })
    const found = token < 0 ? left.findLastIndex((mass) => mass > 0) : token
    left[found] = 0
    return found
  })
}

function chainOf(tokens: readonly number[], likely: Likely, rank: number): HostDraft | null {
  const after = tokens.slice(prompt.length)
  const first = likely(after)[rank]
  if (first === undefined) return null
  const second = likely([...after, first])[rank]
  return second === undefined ? { tokens: [first], parents: [-1] } : { tokens: [first, second], parents: [-1, 0] }
}
