import type { NamedStrategy } from '../decode'
import type { Budget, Committed, DeviceDraft, Draft, Follow, HostDraft, Program, Report, SessionView } from '../spec'
import { isChain } from '../tree'
import { ClockedCost } from './adaptive-clock'
import type { RoundCost } from './adaptive-cost'
import { Composition, credited, type Part } from './parts'
import { type PlannedTree, ShapeEstimates, type ShapeKnowledge } from './shape-estimates'
import { type Prospect, SizePolicy } from './size-policy'

/** A round between `propose` and `observe`. */
interface Pending {
  /** As the policy decided and the budget allowed, and as the part gave. */
  readonly asked: number
  readonly given: number
  readonly chain: boolean
  readonly parents: readonly number[] | null
  /** What drafting is timed by: the tree that was named, else the size. */
  readonly tree: PlannedTree | undefined
  readonly size: number
  /** The size that was tried; null where it was the choice. */
  readonly tried: number | null
  /** By the clock, where there is one. */
  readonly started: number
  /** Nodes that are verified; another part of a composition may have drafted them. */
  verified: number
}

/**
 * Hands its part a smaller budget, or does not ask it, as a `SizePolicy` says, and the tree to draft where the part takes one; all else
 * is passed on. Where the part need not wait for the last outcome it does not either: it decides by those before.
 */
export class AdaptiveProposer extends Composition {
  #policy: SizePolicy
  readonly #clock: ClockedCost | null
  /** Trees to name; null where the part draws them up itself. */
  #shapes: ShapeEstimates | null = null
  readonly #part: Part
  readonly #mayLead: boolean
  /** Nodes of the largest tree. */
  readonly #most: number
  /** Rounds by nodes drafted. */
  readonly #rounds = new Map<number, number>()
  /** Rounds that were proposed and not observed yet, in order. */
  #pending: Pending[] = []
  /** When the last round was observed, by the clock. */
  #until = 0

  /**
   * `cost`: a `ClockedCost` where what is measured may steer; it is told what rounds take. `source`: whence it is, for the report.
   * `known`: gives what a text begins with of trees to name to a part that takes them; null: it drafts its own.
   */
  constructor(
    part: NamedStrategy,
    session: SessionView,
    private readonly cost: RoundCost,
    private readonly source: Report,
    private readonly known: (() => ShapeKnowledge) | null,
  ) {
    super([part], () => session)
    // Under other rules a seed has to repeat, also where rounds are begun ahead in one run and not in the other.
    this.#mayLead = session.guarantee === 'same-tokens'
    this.#part = this.parts[0] as Part
    this.#clock = cost instanceof ClockedCost ? cost : null
    this.#most = Math.max(1, session.maxRows - 1)
    this.#policy = this.#begun()
  }

  override get ahead(): boolean {
    return this.#mayLead && super.ahead
  }

  propose(offered: Budget): Draft | Promise<Draft> {
    const { nodes, depth } = offered
    if (!this.ahead) this.#pending = []
    const started = this.#clock ? performance.now() : 0
    const size = this.#policy.decide(this.#pending.some(({ tried }) => tried !== null))
    const asked = Math.min(size, nodes)
    const tree = asked === 0 ? undefined : this.#shapes?.tree(size)
    const round = { asked, depth, tree, size, tried: this.#policy.trying, started }
    if (asked === 0) return this.#proposed(round, null)
    // A tree of so many nodes has no more levels.
    const within = { nodes: asked, depth: Math.min(depth, tree?.levels ?? asked) }
    const budget = { ...offered, ...within, ...(tree && { paths: tree.paths }) }
    const draft = this.request(this.#part, budget)
    return draft instanceof Promise ? draft.then((given) => this.#proposed(round, given)) : this.#proposed(round, draft)
  }

  override follow(follow: Follow): readonly Program[] {
    const pending = this.#pending.at(-1)
    if (pending && follow.kind === 'round') pending.verified = follow.nodes
    return super.follow(follow)
  }

  override async observe(committed: Committed): Promise<void> {
    const pending = this.#pending.shift()
    if (pending) this.#learn(pending, committed)
    await super.observe(committed)
  }

  override truncate(length: number): number {
    this.#pending = []
    if (length === 0) this.#policy = this.#begun()
    return super.truncate(length)
  }

  override report(): Report {
    const { chosen, best, probes } = this.#policy
    const figures = chosen && { nodes: chosen.nodes, tokens: round(chosen.tokens), plainRounds: round(chosen.cost) }
    return {
      why: chosen ? why(chosen, best) : 'no round was decided yet',
      ...figures,
      ...this.#tree(chosen?.size ?? 0),
      rounds: Object.fromEntries([...this.#rounds].sort(([a], [b]) => a - b)),
      probes,
      cost: this.source,
      ...super.report(),
    }
  }

  /** What it learns of one text is not the next one's; what drafting takes is. */
  #begun(): SizePolicy {
    const { cost, known } = this
    const { shapes } = this.#part.proposer
    this.#rounds.clear()
    this.#shapes = known && shapes ? new ShapeEstimates(cost, this.#most, shapes, known()) : null
    return new SizePolicy(cost, this.#most, this.#shapes ?? undefined)
  }

  /** Nodes by level of the tree of that size, and acceptance by level and rank. */
  #tree(size: number): Report {
    const shapes = this.#shapes
    if (!shapes) return {}
    const { paths, levels } = size > 0 ? shapes.planned(size) : { paths: [], levels: 0 }
    const level = (length: number) => paths.filter((path) => path.length === length).length
    return {
      levels: Array.from({ length: levels }, (_, above) => level(above + 1)),
      acceptance: Object.fromEntries(shapes.acceptance.map((ranks, above) => [above + 1, ranks.map(round)])),
    }
  }

  #proposed(
    { asked, depth, ...round }: Omit<Pending, 'given' | 'chain' | 'parents' | 'verified'> & { depth: number },
    draft: HostDraft | DeviceDraft | null,
  ): Draft {
    const given = draft === null ? 0 : 'programs' in draft ? draft.nodes : draft.tokens.length
    const chain = draft === null || (draft.parents !== null && isChain(draft.parents))
    // A chain that the depth cut is as long as it was allowed to be.
    const most = chain ? Math.min(asked, depth) : asked
    this.#pending.push({ ...round, asked: most, given, chain, parents: draft?.parents ?? null, verified: given })
    this.speaks(draft && this.#part)
    return draft && credited(draft, this.#part)
  }

  #learn(pending: Pending, { own, path }: Committed): void {
    const { asked, given, chain, parents, verified, tried } = pending
    const ms = this.#clock ? this.#since(pending) : 0
    // A draft that another part's took the place of tells nothing.
    if (given > 0 && !own) return
    this.#rounds.set(given, (this.#rounds.get(given) ?? 0) + 1)
    if (own || verified === 0) this.#time(pending, ms)
    this.#policy.observe({ asked, given, path: given > 0 ? path : [], chain, parents }, tried)
  }

  /** Milliseconds that a round took which ended now: from the end of the one before it where that came after its beginning. */
  #since({ started }: Pending): number {
    const now = performance.now()
    const ms = now - Math.max(started, this.#until)
    this.#until = now
    return ms
  }

  #time({ given, tree, size, verified }: Pending, ms: number): void {
    if (given === 0) this.#clock?.took(0, verified, ms, 0)
    else if (!tree) this.#clock?.took(size, verified, ms)
    // What the end of a text cut off has no kind.
    else if (given === tree.paths.length)
      this.#clock?.took(tree.drafting.key, verified, ms, tree.drafting.shape.nodes, tree)
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
