import { type Backend, type Budget, createEngine, type Engine, type Strategy, type TokenTree } from '@outrider/core'
import { DraftProbe } from './draft-probe'

/** A draft as it was verified, and what it was made for. */
export interface Drafted {
  readonly tokens: readonly number[]
  readonly budget: Budget
  readonly tree: TokenTree
}

/**
 * Runs a session in which `strategy` drafts, alone or in a `mix`, then asks for each of its drafts again of a session that has seen
 * no round: the state that a strategy carries from round to round must be that of a fresh prefill.
 */
export async function checkDraftState(options: {
  readonly backend: Backend
  readonly model: string
  readonly strategy: Strategy
  readonly mix?: (strategy: Strategy) => Strategy
  /** Whether the mix has it draft into a tree of its own, as `merged` does: its drafts are looked at whoever's tree was verified. */
  readonly apart?: boolean
  readonly maxRows: number
  readonly run: (stepper: ReturnType<Engine['openStepper']>) => Promise<void>
}): Promise<{ readonly drafted: readonly Drafted[]; readonly faults: readonly string[] }> {
  const { backend, model, strategy, mix = (own) => own, apart = false, maxRows, run } = options
  const drafted: Drafted[] = []
  const mixed = mix(watched(strategy, drafted, apart))
  const limits = { backend, model, capacity: 90, maxRows }
  const engine = await createEngine({ ...limits, selfCheck: false, strategies: [mixed] })
  try {
    await run(engine.openStepper({ strategy: mixed.name }))
  } finally {
    await engine.dispose()
  }
  const faults: string[] = []
  const probe = await DraftProbe.open({ ...limits, strategy })
  try {
    for (const { tokens, budget, tree } of drafted) {
      await probe.start(tokens)
      const fresh = (await probe.draft(budget)).tree
      if (JSON.stringify(fresh) !== JSON.stringify(tree))
        faults.push(
          `after ${tokens.length} tokens ${JSON.stringify(tree)} was drafted, afresh ${JSON.stringify(fresh)}`,
        )
    }
  } finally {
    await probe.dispose()
  }
  return { drafted, faults }
}

/** `inner`, with every draft of its own that was verified, or every one where it drafts apart. */
function watched(inner: Strategy, drafted: Drafted[], apart: boolean): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        ...loaded,
        start: (session) => {
          const proposer = loaded.start(session)
          let made: Omit<Drafted, 'tree'> | null = null
          return {
            propose: async (budget) => {
              const draft = await proposer.propose(budget)
              made = draft && { tokens: [...session.tokens], budget }
              return draft
            },
            follow: (pass) => proposer.follow?.(pass) ?? [],
            observe: async (committed) => {
              if ((committed.own || apart) && made) {
                const read = await session.backend.submit([], [session.tree.tokens, session.tree.shape])
                const [tokens, shape] = read.map((bytes) => new Uint32Array(bytes)) as [Uint32Array, Uint32Array]
                const rows = shape[0] as number
                const parents = Array.from(shape.subarray(1, rows), (row) => row - 1)
                drafted.push({ ...made, tree: { tokens: Array.from(tokens.subarray(1, rows)), parents } })
              }
              made = null
              await proposer.observe?.(committed)
            },
            truncate: (length) => proposer.truncate?.(length) ?? length,
            dispose: () => proposer.dispose?.(),
          }
        },
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}
