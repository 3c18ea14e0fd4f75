import type { Backend, Draft, Proposer, SessionView, Strategy } from '../spec'
import { WatchedNoise } from './watched-noise'

/** What was seen of a strategy. */
export interface Sight {
  /** Inputs that it changed. */
  readonly faults: string[]
  /** Nodes that it drafted. */
  nodes: number
  /** Times that it was asked. */
  asked: number
  /** Streams of noise that its programs drew with. */
  readonly streams: Set<number>
  /** The stream that its sessions named, once they had noise. */
  named: number | null
}

/** Before anything was seen. */
export function unseen(): Sight {
  return { faults: [], nodes: 0, asked: 0, streams: new Set(), named: null }
}

/** `strategy` behind a look at its inputs before and after every call. */
export function spied(strategy: Strategy, sight: Sight): Strategy {
  return {
    ...strategy,
    load: async (host) => {
      const noise = new WatchedNoise(sight.streams)
      const backend = noise.around(host.backend)
      const given = () => JSON.stringify([host.target.config, host.capacity, host.maxRows])
      const before = given()
      const loaded = await strategy.load({ ...host, backend })
      if (given() !== before)
        sight.faults.push('inputs: load changed what the host says of its target: copy what is to be changed')
      return {
        ...(loaded.needs && { needs: loaded.needs }),
        start: (session) => {
          const view = withBackend(session, backend)
          return spiedProposer(loaded.start(view), view, { sight, noise })
        },
        dispose: () => loaded.dispose?.(),
      }
    },
  }
}

/** `session` on another backend, as live as it is. */
function withBackend(session: SessionView, backend: Backend): SessionView {
  const properties = { ...Object.getOwnPropertyDescriptors(session), backend: { value: backend, enumerable: true } }
  return Object.defineProperties({}, properties) as SessionView
}

interface Spy {
  readonly sight: Sight
  readonly noise: WatchedNoise
}

function spiedProposer(proposer: Proposer, session: SessionView, { sight, noise }: Spy): Proposer {
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
    get ahead() {
      return proposer.ahead === true
    },
    reusable: proposer.reusable === true,
    propose: async (budget) => {
      sight.asked++
      const draft = await watch('propose', [budget], () => proposer.propose(budget))
      sight.nodes += nodesOf(draft)
      sight.named = session.noise?.stream ?? sight.named
      if (draft && 'programs' in draft) noise.run(draft.programs)
      return draft
    },
    follow: (follow) => {
      const { pass: _, ...told } = follow
      const programs = watch('follow', [told], () => proposer.follow?.(follow) ?? [])
      noise.run(programs)
      return programs
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
