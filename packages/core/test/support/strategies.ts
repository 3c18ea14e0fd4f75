import {
  type Budget,
  chain,
  type HostDraft,
  type LoadedStrategy,
  type Proposer,
  type SessionView,
  type Strategy,
} from '@outrider/core'

/** A strategy from one proposer a session. */
export function strategyOf(name: string, start: LoadedStrategy['start']): Strategy {
  return { specVersion: 1, name, load: async () => ({ start }) }
}

/** Proposes whatever `tree` gives. */
export function proposing(
  name: string,
  tree: (session: SessionView, budget: { nodes: number; depth: number }) => HostDraft | null,
): Strategy {
  return strategyOf(name, (session) => ({ propose: (budget) => tree(session, budget) }))
}

/** Proposes nothing, by null and by an empty tree in turn. */
export function silent(): Strategy {
  return strategyOf('silent', () => {
    let calls = 0
    return { propose: () => (calls++ % 2 === 0 ? null : chain([])) }
  })
}

/** Knows the text and proposes how it goes on, `depth` tokens of it. */
export function oracle(text: readonly number[], depth: number, name = 'oracle'): Strategy {
  return proposing(name, ({ tokens }, budget) =>
    chain(text.slice(tokens.length, tokens.length + Math.min(depth, budget.depth, budget.nodes))),
  )
}

/**
 * Random trees of up to `nodes` nodes, siblings and levels in any order that keeps parents first. Where `text` is known, every
 * other new node carries on the right path, so that paths through interleaved siblings are accepted.
 */
export function randomTrees(vocab: number, nodes: number, seed: number, text: readonly number[] = []): Strategy {
  return strategyOf('random trees', (session) => {
    const random = randomNumbers(seed)
    return { propose: (budget) => randomTree(session, budget, { vocab, nodes, random, text }) }
  })
}

/** Whole numbers from 0 to `below` - 1. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomTree(
  { tokens: committed }: SessionView,
  budget: Budget,
  {
    vocab,
    nodes,
    random,
    text,
  }: { vocab: number; nodes: number; random: (below: number) => number; text: readonly number[] },
): HostDraft {
  const tokens: number[] = []
  const parents: number[] = []
  const depth: number[] = []
  let right = -1
  const taken = (parent: number, token: number) => tokens.some((t, node) => t === token && parents[node] === parent)
  const add = (parent: number, token: number): boolean => {
    const level = parent < 0 ? 1 : (depth[parent] as number) + 1
    if (level > budget.depth || taken(parent, token)) return false
    tokens.push(token)
    parents.push(parent)
    depth.push(level)
    return true
  }
  const count = Math.min(1 + random(nodes), budget.nodes)
  for (let i = 0; i < count; i++) {
    const next = text[committed.length + (right < 0 ? 0 : (depth[right] as number))]
    if (next !== undefined && random(2) === 0) {
      if (add(right, next)) right = tokens.length - 1
    } else add(random(tokens.length + 1) - 1, random(vocab))
  }
  return { tokens, parents }
}

/** Takes turns between strategies; each follows what the others drafted. */
export function alternating(name: string, parts: readonly Strategy[]): Strategy {
  return {
    specVersion: 1,
    name,
    load: async (host) => {
      const loaded = await Promise.all(parts.map((part) => part.load(host)))
      return {
        needs: {
          finalHidden: [...parts, ...loaded].some(({ needs }) => needs?.finalHidden),
          layerInputs: [...parts, ...loaded].flatMap(({ needs }) => needs?.layerInputs ?? []),
        },
        start: (session) => taking(loaded.map((part) => part.start(session))),
        dispose: () => {
          for (const part of loaded) part.dispose?.()
        },
      }
    },
  }
}

function taking(proposers: readonly Proposer[]): Proposer {
  let round = 0
  let drafted: Proposer | null = null
  return {
    propose: async (budget) => {
      const proposer = proposers[round++ % proposers.length] as Proposer
      const draft = await proposer.propose(budget)
      drafted = draft && ('programs' in draft ? draft.nodes : draft.tokens.length) > 0 ? proposer : null
      return draft
    },
    follow: (pass) =>
      proposers.flatMap((proposer) => proposer.follow?.({ ...pass, own: pass.own && proposer === drafted }) ?? []),
    observe: async (committed) => {
      for (const proposer of proposers)
        await proposer.observe?.({ ...committed, own: committed.own && proposer === drafted })
    },
    truncate: (length) => Math.min(...proposers.map((proposer) => proposer.truncate?.(length) ?? length)),
    dispose: () => {
      for (const proposer of proposers) proposer.dispose?.()
    },
  }
}
