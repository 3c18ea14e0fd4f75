import { type Backend, createEngine, type Proposer, type SessionView, type Strategy } from '@outrider/core'

/** Dispatches of a draft of one level, what the second level adds, which lays the tree out, and what each level more does. */
export interface DraftDispatches {
  readonly first: number
  readonly second: number
  readonly step: number
}

/** Counts the dispatches with which a strategy drafts on `backend` for stories-5m: after a few tokens, or after `tokens` of them. */
export async function draftDispatches(
  backend: Backend,
  strategy: Strategy,
  tokens: number = 8,
): Promise<DraftDispatches> {
  let proposer: Proposer | undefined
  const watched: Strategy = {
    ...strategy,
    load: async (host) => {
      const loaded = await strategy.load(host)
      const start = (session: SessionView): Proposer => {
        proposer = loaded.start(session)
        return proposer
      }
      return { ...(loaded.needs && { needs: loaded.needs }), start, dispose: () => loaded.dispose?.() }
    },
  }
  const model = 'models/stories-5m'
  const engine = await createEngine({ backend, model, capacity: 512, selfCheck: false, strategies: [watched] })
  try {
    const stepper = engine.openStepper({ strategy: strategy.name })
    await stepper.extend(Array.from({ length: tokens }, (_, i) => 1 + i))
    const [one = 0, two = 0, three = 0, four = 0] = [1, 2, 3, 4].map((depth) =>
      dispatchesOf(proposer as Proposer, depth),
    )
    if (four - three !== three - two) throw new Error(`levels of ${strategy.name} differ: ${[one, two, three, four]}`)
    return { first: one, second: two - one, step: three - two }
  } finally {
    await engine.dispose()
  }
}

function dispatchesOf(proposer: Proposer, depth: number): number {
  const draft = proposer.propose({ nodes: 63, depth })
  if (!draft || !('programs' in draft)) throw new Error('it drafts on the host')
  return draft.programs.reduce((sum, { dispatches }) => sum + dispatches, 0)
}
