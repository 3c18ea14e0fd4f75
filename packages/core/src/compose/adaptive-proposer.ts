import type { NamedStrategy } from '../decode'
import type { Budget, Committed, Draft, Follow, Program, Report, SessionView } from '../spec'
import { isChain } from '../tree'
import { ClockedCost } from './adaptive-clock'
import type { RoundCost } from './adaptive-cost'
import { Composition, credited, type Part } from './parts'
import { type Prospect, SizePolicy } from './size-policy'

/** A round between `propose` and `observe`. */
interface Pending {
  /** As the policy decided, as the budget allowed, and as the part gave. */
  readonly size: number
  readonly asked: number
  readonly given: number
  readonly chain: boolean
  /** By the clock, where there is one. */
  readonly started: number
  /** Nodes that are verified; another part of a composition may have drafted them. */
  verified: number
}

/** Hands its part a smaller budget, or does not ask it, as a `SizePolicy` says; all else is passed on. */
export class AdaptiveProposer extends Composition {
  readonly #policy: SizePolicy
  readonly #clock: ClockedCost | null
  readonly #part: Part
  /** Rounds by nodes drafted. */
  readonly #rounds = new Map<number, number>()
  #pending: Pending | null = null

  /** `cost`: a `ClockedCost` where what is measured may steer; it is told what rounds take. `source`: whence it is, for the report. */
  constructor(
    part: NamedStrategy,
    session: SessionView,
    cost: RoundCost,
    private readonly source: Report,
  ) {
    super([part], () => session)
    this.#part = this.parts[0] as Part
    this.#clock = cost instanceof ClockedCost ? cost : null
    this.#policy = new SizePolicy(cost, Math.max(1, session.maxRows - 1))
  }

  async propose({ nodes, depth }: Budget): Promise<Draft> {
    this.#pending = null
    this.speaker = null
    const started = this.#clock ? performance.now() : 0
    const size = this.#policy.decide()
    const asked = Math.min(size, nodes)
    // A tree of so many nodes has no more levels.
    const draft = asked === 0 ? null : await this.ask(this.#part, { nodes: asked, depth: Math.min(depth, asked) })
    const given = draft === null ? 0 : 'programs' in draft ? draft.nodes : draft.tokens.length
    const chain = draft === null || (draft.parents !== null && isChain(draft.parents))
    // A chain that the depth cut is as long as it was allowed to be.
    this.#pending = { size, asked: chain ? Math.min(asked, depth) : asked, given, chain, started, verified: given }
    if (draft === null) return null
    this.speaker = this.#part
    return credited(draft, this.#part)
  }

  override follow(follow: Follow): readonly Program[] {
    if (this.#pending && follow.kind === 'round') this.#pending.verified = follow.nodes
    return super.follow(follow)
  }

  override async observe(committed: Committed): Promise<void> {
    if (this.#pending) this.#learn(this.#pending, committed)
    this.#pending = null
    await super.observe(committed)
  }

  override truncate(length: number): number {
    this.#pending = null
    return super.truncate(length)
  }

  override report(): Report {
    const { chosen, best, probes } = this.#policy
    const figures = chosen && { nodes: chosen.nodes, tokens: round(chosen.tokens), plainRounds: round(chosen.cost) }
    return {
      why: chosen ? why(chosen, best) : 'no round was decided yet',
      ...figures,
      rounds: Object.fromEntries([...this.#rounds].sort(([a], [b]) => a - b)),
      probes,
      cost: this.source,
      ...super.report(),
    }
  }

  #learn(pending: Pending, { own, path }: Committed): void {
    const { size, asked, given, chain, started, verified } = pending
    // A draft that another part's took the place of tells nothing.
    if (given > 0 && !own) return
    this.#rounds.set(given, (this.#rounds.get(given) ?? 0) + 1)
    if (own || verified === 0) this.#clock?.took(given === 0 ? 0 : size, verified, performance.now() - started)
    this.#policy.observe({ asked, given, path: given > 0 ? path : [], chain })
  }
}

function why(chosen: Prospect, best: Prospect): string {
  if (chosen.size > 0) return `${count(chosen)}: ${round(chosen.tokens)} tokens for ${round(chosen.cost)} plain rounds`
  const much = `${round(best.tokens)} tokens for ${round(best.cost)} plain rounds`
  return `does not speculate: the best size, ${count(best)}, would bring ${much}`
}

function count({ nodes }: Prospect): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
