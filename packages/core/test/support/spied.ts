import type { Budget, Committed, Completion, Follow, HostDraft, Strategy } from '@outrider/core'
import { expect } from 'vitest'

/** What a part of a composition was asked and told, and what it answered on the host. */
export interface Spied {
  readonly strategy: Strategy
  readonly asked: { readonly at: number; readonly budget: Budget; readonly draft: HostDraft | null }[]
  readonly followed: Follow[]
  readonly observed: Committed[]
}

/** `inner`, whose calls are written down. It drafts on the host. */
export function spied(inner: Strategy): Spied {
  const asked: Spied['asked'] = []
  const followed: Follow[] = []
  const observed: Committed[] = []
  const load: Strategy['load'] = async (host) => {
    const loaded = await inner.load(host)
    return {
      ...loaded,
      start: (session) => {
        const proposer = loaded.start(session)
        return {
          ...proposer,
          propose: async (budget) => {
            const draft = (await proposer.propose(budget)) as HostDraft | null
            asked.push({ at: session.tokens.length, budget, draft })
            return draft
          },
          follow: (pass) => {
            followed.push(pass)
            return []
          },
          observe: (committed) => void observed.push(committed),
        }
      },
    }
  }
  return { strategy: { ...inner, load }, asked, followed, observed }
}

/** Holds every token's credit to what the parts proposed: to all who had its path, and to nobody where none had. */
export function checkCredit({ tokens, ids }: Completion, prompt: readonly number[], parts: readonly Spied[]): void {
  let start = 0
  tokens.forEach(({ draft }, i) => {
    if (draft?.depth === 1 || !draft) start = draft ? i : i - (tokens[i - 1]?.draft?.depth ?? 0)
    const path = ids.slice(start, i + 1)
    const by = parts.filter(({ asked }) =>
      asked.some((each) => each.at === prompt.length + start && has(each.draft, path)),
    )
    expect({ i, by: draft?.by ?? [] }).toEqual({ i, by: by.map(({ strategy }) => strategy.name) })
  })
}

function has(tree: HostDraft | null, path: readonly number[]): boolean {
  let parent = -1
  return path.every((token) => {
    parent = tree?.tokens.findIndex((each, node) => each === token && tree.parents[node] === parent) ?? -1
    return parent >= 0
  })
}
