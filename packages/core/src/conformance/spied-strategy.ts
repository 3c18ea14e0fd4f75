import type { Draft, Proposer, SessionView, Strategy } from '../spec'

/** What was seen of a strategy. */
export interface Sight {
  /** Inputs that it changed. */
  readonly faults: string[]
  /** Nodes that it drafted. */
  nodes: number
  /** Times that it was asked. */
  asked: number
}

/** `strategy` behind a look at its inputs before and after every call. */
export function spied(strategy: Strategy, sight: Sight): Strategy {
  return {
    ...strategy,
    load: async (host) => {
      const loaded = await strategy.load(host)
      return {
        ...(loaded.needs && { needs: loaded.needs }),
        start: (session) => spiedProposer(loaded.start(session), session, sight),
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

function spiedProposer(proposer: Proposer, session: SessionView, sight: Sight): Proposer {
  /** Calls, and compares `inputs` and the session's tokens with what they were. */
  const watch = <T>(method: string, inputs: readonly object[], call: () => T): T => {
    const look = () => JSON.stringify([session.tokens, ...inputs])
    const before = look()
    const compare = () => {
      if (look() !== before)
        sight.faults.push(
          `inputs: ${method} changed session.tokens or an argument, which belong to the engine: copy what is to be changed`,
        )
    }
    const result = call()
    if (!(result instanceof Promise)) {
      compare()
      return result
    }
    return result.finally(compare) as T
  }
  return {
    propose: async (budget) => {
      sight.asked++
      const draft = await watch('propose', [budget], () => proposer.propose(budget))
      sight.nodes += nodesOf(draft)
      return draft
    },
    follow: (follow) => {
      const { pass: _, ...told } = follow
      return watch('follow', [told], () => proposer.follow?.(follow) ?? [])
    },
    observe: (committed) => watch('observe', [committed], () => proposer.observe?.(committed)),
    truncate: (length) => watch('truncate', [], () => proposer.truncate?.(length) ?? length),
    ...(proposer.report && { report: () => proposer.report?.() ?? {} }),
    dispose: () => proposer.dispose?.(),
  }
}

function nodesOf(draft: Draft): number {
  if (!draft) return 0
  return 'programs' in draft ? draft.nodes : draft.tokens.length
}
