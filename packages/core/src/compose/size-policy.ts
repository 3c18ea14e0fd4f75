import type { RoundCost } from './adaptive-cost'
import { SizeEstimates } from './adaptive-estimate'
import type { Drafting, SizeModel, SizeOutcome } from './draft-sizes'

/** A size is left for one that is better by so much, so that sizes do not flap. */
const better = 1.03
/** Rounds of a smaller size, or of none, before a larger one is tried are twice as many each time; at most. */
const lastProbe = 256
/** Drafting rounds before a plain one is timed where it has to be. */
const untimed = 16
/** Rounds in a row that a try may take until the clock knows what it costs. */
const timingRounds = 4
/** Rounds from one weighing to the next, where no size is tried: what decides moves slowly, and rounds of small models are short. */
const weighed = 8
/** Acceptance with which a larger size has to pay to be worth a try. */
const hoped = 0.9

/** What a size is expected to bring: tokens a round, for what cost. */
export interface Prospect {
  readonly size: number
  /** Nodes that such a draft has, as far as is known. */
  readonly nodes: number
  readonly tokens: number
  /** Tokens if nearly everything were accepted. */
  readonly hope: number
  /** In plain rounds. */
  readonly cost: number
}

interface Weighing {
  readonly prospects: readonly Prospect[]
  readonly choice: Prospect
}

/**
 * Chooses how many nodes the next draft is asked to have: the size with the most tokens for what its round costs, 0 where none
 * beats a plain round. Now and then a larger one that might pay is tried, so that it comes back when the text changes. Nothing but
 * the outcomes of rounds and their cost goes in.
 */
export class SizePolicy {
  readonly #whole: number
  /** What the last decision weighed, and the best of it; null before the first. */
  #weighed: Weighing | null = null
  /** The size that is being tried; null where the choice is asked for. */
  #probe: number | null = null
  /** Whether the next round tries it again, and how often it was tried in a row. */
  #again = false
  #tries = 0
  /** Rounds so far. */
  #observed = 0
  #interval: number
  /** Rounds in which a larger size might have paid, since one was tried, and rounds since a plain one. */
  #waited = 0
  #sincePlain = 0
  #probes = 0

  /** `most`: nodes of the largest draft. `estimates`: of drafts that have no more. */
  constructor(
    private readonly cost: RoundCost,
    most: number,
    private readonly estimates: SizeModel = new SizeEstimates(most, (nodes) => cost.verify(nodes)),
  ) {
    this.#whole = most
    this.#interval = estimates.firstTry
  }

  /** The size for the next round; `trying`: another size is being tried, and what came of it is not known yet. */
  decide(trying = false): number {
    const anew = this.#observed % weighed === 0 || this.#probe !== null
    const { prospects, choice } = (!anew && this.#weighed) || this.#weigh()
    this.#probe = trying ? null : this.#due(prospects, choice)
    return this.#probe ?? choice.size
  }

  /** The size that the round tries which was decided last; null where it is the choice. */
  get trying(): number | null {
    return this.#probe
  }

  /** How a round ended, the one that was decided last or one before it; `asked` may be less than was decided. */
  observe(outcome: SizeOutcome, tried: number | null = this.#probe): void {
    const { prospects, choice } = this.#weighed ?? this.#weigh()
    if (outcome.asked > 0) this.estimates.observe(outcome)
    this.#observed++
    this.#sincePlain = outcome.asked > 0 ? this.#sincePlain + 1 : 0
    if (tried !== null) this.#tried(tried, outcome, rate(choice))
    else this.#waited = target(prospects, choice) ? this.#waited + 1 : 0
  }

  /** Rounds that tried another size than the choice. */
  get probes(): number {
    return this.#probes
  }

  /** The present choice; null before the first round. */
  get chosen(): Prospect | null {
    const weighed = this.#weighed
    // A size that turned out to be beyond what the part drafts is one with those that ask for all of it.
    return (weighed && this.#prospects().find(({ size }) => size >= weighed.choice.size)) ?? null
  }

  /** The best size to draft, also where not drafting is better. */
  get best(): Prospect {
    return best(this.#prospects().filter(({ size }) => size > 0))
  }

  #weigh(): Weighing {
    const prospects = this.#prospects()
    const first = best(prospects)
    const present = prospects.find(({ size }) => size === this.#weighed?.choice.size)
    this.#weighed = { prospects, choice: present && rate(first) <= rate(present) * better ? present : first }
    return this.#weighed
  }

  /** The size to try in this round, if any: the one that is being tried, a plain round where its time is not known, or a larger one. */
  #due(prospects: readonly Prospect[], choice: Prospect): number | null {
    const current = this.#again ? this.#probe : null
    if (current !== null && (current > choice.size || (current === 0 && choice.size > 0))) return current
    if (choice.size > 0 && !this.cost.knows(0) && this.#sincePlain >= untimed) return 0
    const larger = target(prospects, choice)
    // Rarer where a try costs as much as several rounds of the choice.
    const wait = larger && Math.min(this.#interval * Math.max(1, larger.cost / choice.cost), lastProbe)
    return wait !== null && this.#waited >= wait ? (larger?.size ?? null) : null
  }

  /** One that paid is repeated at once: it may be that the text has changed. */
  #tried(size: number, { given, path }: SizeOutcome, expected: number): void {
    const { key, shape } = this.#drafting(size, given)
    const cost = this.cost.verify(given) + this.cost.besides(key, shape)
    const pays = given > 0 && (1 + path.length) * this.#plainCost() > cost * expected
    this.#probes++
    this.#tries++
    const unknown = this.#tries < timingRounds && !this.cost.knows(key)
    this.#probe = size
    this.#again = pays || (unknown && (size === 0 || given > 0))
    if (size > 0) this.#waited = 0
    if (this.#again) return
    if (size > 0)
      this.#interval = this.#tries > timingRounds ? this.estimates.firstTry : Math.min(2 * this.#interval, lastProbe)
    this.#tries = 0
  }

  /** No draft, then the sizes that would give different ones; what lies beyond the largest draft seen is asked for as a whole. */
  #prospects(): readonly Prospect[] {
    const { chain, sizes } = this.estimates
    const limit = this.estimates.reach(this.#whole)
    const open = sizes.filter((size) => size === this.#whole || size < limit || (!chain && size === limit))
    const costs = this.#costs([0, ...open])
    return [0, ...open].map((size, i) => ({
      size,
      nodes: size === 0 ? 0 : this.estimates.reach(size),
      tokens: size === 0 ? 1 : this.estimates.tokens(size),
      hope: size === 0 ? 1 : this.estimates.hope(size, hoped),
      cost: (costs[i] as number) / (costs[0] as number),
    }))
  }

  #plainCost(): number {
    return this.#costs([0, ...this.estimates.sizes])[0] as number
  }

  /** Of sizes that ascend. None costs more than a larger one: what looks slower was slowed down by something else. */
  #costs(sizes: readonly number[]): readonly number[] {
    let least = Number.POSITIVE_INFINITY
    return sizes
      .toReversed()
      .map((size) => {
        least = Math.min(least, this.#costOf(size))
        return least
      })
      .reverse()
  }

  /** Never nothing: a coarse clock may say that a round took no time. */
  #costOf(size: number): number {
    const { key, shape } = this.#drafting(size)
    const verify = size === 0 ? this.cost.verify(0) : this.estimates.verifyCost(size)
    return Math.max(verify + this.cost.besides(key, shape), this.cost.verify(0) / 10)
  }

  #drafting(size: number, nodes?: number): Drafting {
    return size === 0 ? { key: 0, shape: { nodes: 0, chain: true } } : this.estimates.drafting(size, nodes)
  }
}

function rate({ tokens, cost }: Prospect): number {
  return tokens / cost
}

/** Of equal ones the larger. */
function best(prospects: readonly Prospect[]): Prospect {
  return prospects.reduce((first, other) => (rate(other) >= rate(first) ? other : first))
}

/** Of the larger sizes the best if nearly everything were accepted; null where that would not be better than the choice. */
function target(prospects: readonly Prospect[], choice: Prospect): Prospect | null {
  const hope = ({ hope, cost }: Prospect) => hope / cost
  const larger = prospects.filter((each) => each.size > choice.size && hope(each) > rate(choice))
  return larger.length === 0 ? null : larger.reduce((first, other) => (hope(other) >= hope(first) ? other : first))
}
