import { type Drafting, draftSizes, run, type SizeModel, type SizeOutcome } from './draft-sizes'

/** Rounds after which an outcome counts half. */
const halfLife = 32
const discount = 0.5 ** (1 / halfLife)
/** Weight of a tree's outcome for a smaller tree: which of its nodes that would have kept is a guess. */
const guessed = 0.25
/** Acceptance that is assumed before anything was seen, and as how many rounds that counts. */
const assumed = 0.8
const prior = 2

/** Sums of one size. Outcomes fade as others come in, not with time: a size that is not tried keeps what is known of it. */
interface Sums {
  /** What is left of the prior. */
  prior: number
  weight: number
  tokens: number
  verify: number
}

/**
 * Tokens that a round commits, and what its pass costs, for each size that a draft may be asked to have: discounted means over the
 * rounds so far. A round tells of smaller sizes what they would have kept: the path's nodes that come first. That is exact for chains
 * and for trees whose smaller forms are their beginnings. A chain also tells of larger sizes: refused before its end they would have
 * brought no more, and beyond its end it is carried on with the acceptance seen so far.
 */
export class SizeEstimates implements SizeModel {
  readonly sizes: readonly number[]
  readonly #sums: ReadonlyMap<number, Sums>
  #kept = assumed * prior
  #tried = prior
  /** Largest draft seen, and whether the part ever gave less than it was asked for. */
  #largest = 0
  #bounded = false
  /** Whether the part drafts chains and nothing else, as far as was seen. */
  chain = true
  readonly firstTry = 16

  /** `verify`: cost of a pass over so many nodes. */
  constructor(
    most: number,
    private readonly verify: (nodes: number) => number,
  ) {
    this.sizes = draftSizes(most)
    this.#sums = new Map(this.sizes.map((size) => [size, { prior, weight: 0, tokens: 0, verify: 0 }]))
  }

  reach(size: number): number {
    return this.#bounded ? Math.min(size, this.#largest) : size
  }

  tokens(size: number): number {
    const { prior, weight, tokens } = this.#of(size)
    const mean = (tokens + prior * (1 + run(assumed, this.reach(size)))) / (weight + prior)
    // What was carried on beyond a shorter draft's end may have been too much.
    return Math.min(mean, 1 + this.reach(size))
  }

  hope(size: number, hoped: number): number {
    return 1 + run(hoped, this.reach(size))
  }

  drafting(size: number, nodes: number = this.reach(size)): Drafting {
    return { key: size, shape: { nodes, chain: this.chain } }
  }

  verifyCost(size: number): number {
    const { prior, weight, verify } = this.#of(size)
    return (verify + prior * this.verify(this.reach(size))) / (weight + prior)
  }

  observe(outcome: SizeOutcome): void {
    const { asked, given, path } = outcome
    if (given > 0) {
      this.chain &&= outcome.chain
      this.#largest = Math.max(this.#largest, given)
      if (given < asked) this.#bounded = true
    }
    if (this.chain) {
      this.#kept = this.#kept * discount + path.length
      this.#tried = this.#tried * discount + Math.min(given, path.length + 1)
    }
    for (const size of this.sizes) {
      const { weight, kept, nodes } = this.#told(size, outcome)
      const sums = this.#of(size)
      const fading = discount ** weight
      sums.prior *= fading
      sums.weight = sums.weight * fading + weight
      sums.tokens = sums.tokens * fading + weight * (1 + kept)
      sums.verify = sums.verify * fading + weight * this.verify(nodes)
    }
  }

  /** What the round says of a draft of `size`: nodes kept of how many, and with which weight. */
  #told(size: number, { asked, given, path }: SizeOutcome): { weight: number; kept: number; nodes: number } {
    const nodes = given < asked ? Math.min(size, given) : this.reach(size)
    if (size <= asked) {
      const exact = this.chain || size === asked || given <= size
      return { weight: exact ? 1 : guessed, kept: path.filter((node) => node < size).length, nodes }
    }
    const whole = path.length === given && given === asked
    const further = whole ? run(this.#kept / this.#tried, nodes - given) : 0
    return { weight: this.chain ? 1 : 0, kept: path.length + further, nodes }
  }

  #of(size: number): Sums {
    return this.#sums.get(size) as Sums
  }
}
