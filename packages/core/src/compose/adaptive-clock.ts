import type { CostCurve } from '../spec'
import { type DraftShape, defaultDraftCost, type RoundCost, verifyCost } from './adaptive-cost'
import { DraftTimes } from './draft-times'

/** Rounds that the present speed is taken from: what slows rounds down comes and goes in tenths of seconds. */
const present = 4
/** A round that is so many times slower or faster than at present counts as that, and as that for its kind. */
const mostNow = 2
const mostOwn = 1.25

/** A round that was timed. */
interface Round {
  readonly kind: number
  readonly work: number
  readonly nodes: number
  readonly ms: number
}

/** Nothing timed yet under that curve. */
export function nothingTimed(curve: CostCurve): DraftTimes {
  const verify = (nodes: number) => verifyCost(curve, nodes)
  return new DraftTimes(verify, defaultDraftCost * verify(0))
}

/**
 * Costs by the measured curve, and by the clock what rounds take beyond it: drafting above all. The first round of a tree is left out.
 * Others are timed two in turn, since outcomes of rounds begun ahead come in pairs. What slows all rounds alike (a device that others
 * use, a clock that falls, a longer context) is told from what a kind of round takes: rounds are compared with what is known of their
 * kind, the present speed is the mean of that, and what is learned of a kind is as if rounds had their usual speed.
 */
export class ClockedCost implements RoundCost {
  /** How many times as long as usual rounds take at present, and from how many rounds that is known. */
  #slower = 1
  #seen = 0
  #last: Round | null = null
  /** Trees that were drafted. */
  readonly #met = new Set<object | number>()

  /** `times`: shared by the sessions of an engine. */
  constructor(
    private readonly curve: CostCurve,
    private readonly times: DraftTimes = nothingTimed(curve),
  ) {}

  verify(nodes: number): number {
    return verifyCost(this.curve, nodes)
  }

  /**
   * A round whose draft was of that kind (0: none) verified `nodes` nodes and took `ms`. `work` says how much drafting there was, and
   * `tree` what was drafted: the first round of each is recorded, and may compile.
   */
  took(kind: number, nodes: number, ms: number, work: number = nodes, tree: object | number = nodes): void {
    const last = this.#last
    this.#last = null
    if (!this.#met.has(tree)) {
      this.#met.add(tree)
      return
    }
    const round = { kind, work, nodes, ms }
    this.#last = round
    if (!last) return
    const expected = this.#expected(round)
    const slower = (last.ms + ms) / (this.#expected(last) + expected)
    const known = this.times.knows(kind)
    if (known && this.times.knows(last.kind)) this.#compare(slower)
    const own = slower / this.#slower
    const within = known ? Math.min(Math.max(own, 1 / mostOwn), mostOwn) : own
    this.times.learn(kind, work, nodes, within * expected - this.verify(nodes))
  }

  knows(kind: number): boolean {
    return this.times.knows(kind)
  }

  besides(kind: number, { nodes: work }: DraftShape): number {
    return this.times.besides(kind, work)
  }

  #expected({ kind, work, nodes }: Round): number {
    const pass = this.verify(nodes)
    return Math.max(pass + this.times.mean(kind, work), pass / 10)
  }

  #compare(slower: number): void {
    this.#seen = Math.min(this.#seen + 1, present)
    this.#slower *= Math.min(Math.max(slower / this.#slower, 1 / mostNow), mostNow) ** (1 / this.#seen)
  }
}
