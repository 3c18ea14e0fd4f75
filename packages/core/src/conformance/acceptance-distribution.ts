import type { HostDraft } from '../spec'
import type { Engine } from '../wiring'
import type { RuleSubject } from './acceptance-subject'
import { onBench } from './bench'
import { drawFault, nextLaw } from './distribution'
import type { Check } from './harness'
import { scripted } from './scripted'

const prompt = [5, 9, 11, 5, 9, 11, 5] as const

/** What is drawn is what the target draws, whatever was drafted; lossy rules do not promise it. */
export function distributionChecks(subject: RuleSubject): readonly Check[] {
  if (subject.rule().guarantee === 'lossy') return []
  return Object.entries(shapes).map(([kind, tree]) => ({
    name: `tokens have the target's distribution, drafts being ${kind}`,
    faults: () => lawFaults(subject, tree),
  }))
}

async function lawFaults({ rule, backend, draws }: RuleSubject, tree: Shape): Promise<readonly string[]> {
  const likely = await onBench(backend, {}, ({ engine }) => likeliest(engine))
  return onBench(backend, { strategies: [scripted((tokens) => tree(tokens, likely))] }, async ({ engine }) => {
    const fault = await drawFault(engine, { strategy: 'scripted', rule: rule(), prompt, count: draws })
    return fault === null
      ? []
      : [
          `distribution: ${fault}: a draft token that was not sampled is one of mass 1; what is refused leaves its mass out of what is drawn instead, renormalised; acceptance and recovery take streams of noise of their own`,
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

/** Drafts after the prompt, or after its first token; the least likely token has no mass. */
const shapes: Readonly<Record<string, Shape>> = {
  'a chain of the likeliest tokens': (tokens, likely) => chainOf(tokens, likely, 0),
  'a chain of tokens that come second': (tokens, likely) => chainOf(tokens, likely, 1),
  'a tree with tokens without mass': (tokens, likely) => {
    const after = tokens.slice(prompt.length)
    const order = likely(after)
    const [first = 0, , third = 0, fourth = 0] = order
    const none = order.at(-1)
    if (none === undefined) return null
    const [below = 0, beside = 0] = likely([...after, third])
    if (below === beside) return { tokens: [none, third, first], parents: [-1, -1, -1] }
    return { tokens: [none, third, first, beside, below, fourth], parents: [-1, -1, -1, 1, 1, -1] }
  },
}

function chainOf(tokens: readonly number[], likely: Likely, rank: number): HostDraft | null {
  const after = tokens.slice(prompt.length)
  const first = likely(after)[rank]
  if (first === undefined) return null
  const second = likely([...after, first])[rank]
  return second === undefined ? { tokens: [first], parents: [-1] } : { tokens: [first, second], parents: [-1, 0] }
}
