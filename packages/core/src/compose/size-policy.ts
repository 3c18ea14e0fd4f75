import type { RoundCost } from './adaptive-cost'
import { run, SizeEstimates, type SizeOutcome } from './adaptive-estimate'

/** Sizes to choose from: those that fill a pass, and those of short chains. */
const sizes: readonly number[] = [1, 2, 3, 4, 5, 7, 10, 15, 23, 31, 47, 63, 95, 127, 191, 255]
/** A size is left for one that is better by so much, so that sizes do not flap. */
const better = 1.03
/** Rounds of a smaller size, or of none, before a larger one is tried: at first, then twice as many each time; at most. */
const firstProbe = 16
const lastProbe = 256
/** Rounds in a row that a try may take until the clock knows what it costs. */
const timingRounds = 3
/** Acceptance with which a larger size has to pay to be worth a try. */
const hoped = 0.9

/** What a size is expected to bring: tokens a round, for what cost in plain rounds. */
export interface Prospect {
  readonly size: number
  /** Nodes that such a draft has, as far as is known. */
  readonly nodes: number
  readonly tokens: number
  readonly cost: number
}

/**
 * Chooses how many nodes the next draft is asked to have: the size with the most tokens for what its round costs, 0 where none
 * beats a plain round. Now and then a larger one that might pay is tried, so that it comes back when the text changes. Nothing but
 * the outcomes of rounds and their cost goes in.
 */
export class SizePolicy {
  readonly #estimates: SizeEstimates
  readonly #whole: number
  #choice: number | null = null
  /** The size that is being tried; null where the choice is. */
  #probe: number | null = null
  /** Whether the next round tries it again, and how often it was tried in a row. */
  #again = false
  #tries = 0
  #interval = firstProbe
  /** Rounds since a size as large as the one to try was asked for. */
  #waited = 0
  #probes = 0

  /** `most`: nodes of the largest draft. */
  constructor(
    private readonly cost: RoundCost,
    most: number,
  ) {
    this.#whole = most
    this.#estimates = new SizeEstimates([...sizes.filter((size) => size < most), most], (nodes) => cost.verify(nodes))
  }

  /** The size for the next round. */
  decide(): number {
    const choice = this.#choose()
    this.#choice = choice
    const target = this.#target(choice)
    const due = target !== null && (this.#again || this.#waited >= this.#wait(target, choice))
    this.#probe = due ? target : null
    return this.#probe ?? choice
  }

  /** How the round that was decided ended; `asked` may be less than was decided. */
  observe(outcome: SizeOutcome): void {
    const choice = this.#choice ?? 0
    const waiting = this.#target(choice) !== null
    const expected = this.#rate(choice)
    if (outcome.asked > 0) this.#estimates.observe(outcome)
    if (this.#probe === null) this.#waited = waiting ? this.#waited + 1 : 0
    else this.#tried(this.#probe, outcome, expected)
  }

  /** One that paid is repeated at once: it may be that the text has changed. */
  #tried(size: number, { given, path }: SizeOutcome, expected: number): void {
    const { chain } = this.#estimates
    const cost = this.cost.verify(given) + this.cost.besides(size, { nodes: given, chain })
    const pays = given > 0 && (1 + path.length) / cost > expected
    this.#probes++
    this.#tries++
    this.#waited = 0
    this.#again = pays || (given > 0 && this.#tries < timingRounds && !this.cost.knows(size))
    if (this.#again) return
    this.#interval = this.#tries > timingRounds ? firstProbe : Math.min(2 * this.#interval, lastProbe)
    this.#tries = 0
  }

  /** Rounds that tried a larger size than the choice. */
  get probes(): number {
    return this.#probes
  }

  /** The present choice; null before the first round. */
  get chosen(): Prospect | null {
    return this.#choice === null ? null : this.#prospect(this.#choice)
  }

  /** The best size to draft, also where not drafting is better. */
  get best(): Prospect {
    return this.#prospect(this.#bestOf(this.#open()))
  }

  #choose(): number {
    const best = this.#bestOf([0, ...this.#open()])
    const present = this.#choice
    if (present === null || (present !== 0 && !this.#open().includes(present))) return best
    return this.#rate(best) > this.#rate(present) * better ? best : present
  }

  /** Sizes that would give different drafts; what lies beyond the largest draft seen is asked for as a whole. */
  #open(): readonly number[] {
    const { chain } = this.#estimates
    const limit = this.#estimates.reach(this.#whole)
    return this.#estimates.sizes.filter((size) => size === this.#whole || size < limit || (!chain && size === limit))
  }

  /** Of the larger sizes the best if nearly everything were accepted; null where that would not be better than the choice. */
  #target(choice: number): number | null {
    const hope = (size: number) => (1 + run(hoped, this.#estimates.reach(size))) / this.#costOf(size)
    const larger = this.#open().filter((size) => size > choice && hope(size) > this.#rate(choice))
    return larger.length === 0 ? null : larger.reduce((best, size) => (hope(size) >= hope(best) ? size : best))
  }

  /** Rounds between tries: more of them where a try costs as much as several rounds of the choice. */
  #wait(target: number, choice: number): number {
    const rounds = Math.max(1, this.#costOf(target) / this.#costOf(choice))
    return Math.min(this.#interval * rounds, lastProbe)
  }

  #bestOf(sizes: readonly number[]): number {
    return sizes.reduce((best, size) => (this.#rate(size) >= this.#rate(best) ? size : best), sizes[0] as number)
  }

  #rate(size: number): number {
    return (size === 0 ? 1 : this.#estimates.tokens(size)) / this.#costOf(size)
  }

  /** Never nothing: a coarse clock may say that a round took no time. */
  #costOf(size: number): number {
    const { chain } = this.#estimates
    const nodes = size === 0 ? 0 : this.#estimates.reach(size)
    const verify = size === 0 ? this.cost.verify(0) : this.#estimates.verifyCost(size)
    return Math.max(verify + this.cost.besides(size, { nodes, chain }), this.cost.verify(0) / 10)
  }

  #prospect(size: number): Prospect {
    const tokens = size === 0 ? 1 : this.#estimates.tokens(size)
    const nodes = size === 0 ? 0 : this.#estimates.reach(size)
    return { size, nodes, tokens, cost: this.#costOf(size) / this.#costOf(0) }
  }
}
